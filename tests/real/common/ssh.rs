//! An ssh server of the test's own: on this machine only, on a free port, with keys made for it, for the user who runs the tests.
//! It does not know who connects. Nothing of the machine's own configuration is read or changed.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::processes::{self, Process, TAG_VARIABLE, Tag};
use super::run::{Run, Running};

/// Where Debian has it; it insists on being called by its whole path.
const SSHD: &str = "/usr/sbin/sshd";

/// Somebody else may take a free port before the server does.
const TRIES_MAX: usize = 5;

/// A server. It ends when dropped, with every session it has.
pub struct Ssh {
    server: Server,
    port: u16,
    folder: TempDir,
}

impl Ssh {
    /// Starts one. What its sessions start carries a tag of this server's.
    ///
    /// Fails where there is no server or client to start: a test that did nothing would look as if it had passed.
    #[track_caller]
    pub fn start() -> Self {
        for program in [SSHD, "/usr/bin/ssh", "/usr/bin/ssh-keygen"] {
            let advice = "install Debian's openssh-server and openssh-client, as .ci/run does";
            assert!(Path::new(program).exists(), "there is no {program}, which this test needs: {advice}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["host", "user"] {
            let file = folder.path().join(name);
            let options = ["-q", "-t", "ed25519", "-N", "", "-f"].map(std::ffi::OsString::from);
            Run::program("/usr/bin/ssh-keygen", options.into_iter().chain([file.into()])).finish().expect_code(0);
        }
        if nix::unistd::geteuid().is_root() {
            // Where it locks itself up before it knows who calls. A machine that never started a server lacks it.
            fs::create_dir_all("/run/sshd").expect("the server's folder");
        }
        for _ in 0..TRIES_MAX {
            if let Some((server, port)) = serve(folder.path()) {
                return Self { server, port, folder };
            }
        }
        panic!("no port was free for an ssh server");
    }

    /// What stands before a command to have it run through this server.
    pub fn launcher(&self) -> Vec<String> {
        let key = self.folder.path().join("user").to_string_lossy().into_owned();
        let port = self.port.to_string();
        // Whatever the user's own configuration says is not meant for the tests.
        let words = ["ssh", "-F", "/dev/null", "-p", &port, "-i", &key, "-o", "BatchMode=yes"];
        let trust = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "127.0.0.1"];
        words.into_iter().chain(trust).map(str::to_owned).collect()
    }

    /// What finds everything its sessions started.
    pub fn tag(&self) -> &Tag {
        self.server.0.tag()
    }

    /// The server's processes that serve one session each, whatever other processes they have for it.
    pub fn sessions(&self) -> Vec<Process> {
        self.server.sessions()
    }
}

/// `None` if somebody else has the port.
fn serve(folder: &Path) -> Option<(Server, u16)> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let run = Run::program(SSHD, ["-D", "-e", "-f", &at("config")]);
    let tag = run.tag().as_str().to_owned();
    let pam = if is_locked() { "yes" } else { "no" };
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM {pam}\n\
         PasswordAuthentication no\nPermitRootLogin yes\nMaxStartups 100\nSetEnv {TAG_VARIABLE}={tag}\n",
        at("host"),
        at("user.pub"),
    );
    fs::write(PathBuf::from(at("config")), &config).expect("the configuration is written");
    // From 9.8 on, a server refuses whoever lost a session by force for a while: just what these tests do. Older ones know no
    // such word.
    let patient = config + "PerSourcePenalties no\n";
    fs::write(PathBuf::from(at("patient")), &patient).expect("the configuration is written");
    if Run::program(SSHD, ["-t", "-f", &at("patient")]).finish().status.success() {
        fs::write(PathBuf::from(at("config")), patient).expect("the configuration is written");
    }
    let server = Server(run.start());
    let said = server.0.wait_for_errors(|errors| errors.contains("on 127.0.0.1"), "the server listens or says why not");
    said.contains("Server listening").then_some((server, port))
}

/// Whether the user who runs the tests cannot log in by a password, as root on a machine that was set up without one: the server
/// lets such a user in only where PAM decides.
fn is_locked() -> bool {
    let Ok(shadow) = fs::read_to_string("/etc/shadow") else { return false };
    shadow.lines().any(|line| line.starts_with("root:!")) && nix::unistd::geteuid().is_root()
}

/// The server's process. Where others have their environment it has its title, so that no tag finds it.
struct Server(Running);

impl Server {
    fn sessions(&self) -> Vec<Process> {
        processes::children_of(self.0.pid()).into_iter().filter(|process| !process.is_zombie()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for session in self.sessions() {
            processes::send_signal(session.pid, Signal::SIGKILL);
        }
        processes::kill_tagged(self.0.tag());
        processes::send_signal(self.0.pid(), Signal::SIGKILL);
    }
}
