//! A descriptor that is handed over before the first frame, so that the other process holds it without ever having inherited it.
//! It does not know what is behind the descriptor.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Result};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

/// A descriptor needs some byte to travel with.
const BYTE: [u8; 1] = [0];

/// Puts the descriptor into the socket. From now on it is open as long as somebody has the other end, or has taken it there.
///
/// # Errors
/// When the socket is none of this machine, or is full.
pub fn hand_over(socket: impl AsFd, descriptor: impl AsFd) -> Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(ErrorKind::InvalidInput.into());
    }
    sendmsg(socket, &[IoSlice::new(&BYTE)], &mut control, SendFlags::empty())?;
    Ok(())
}

/// Takes the descriptor that the other side has put in before anything else. Whatever this process starts does not get it.
///
/// # Errors
/// When there is none.
pub fn take_over(socket: impl AsFd) -> Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = BYTE;
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    descriptors.next().and_then(|mut descriptors| descriptors.next()).ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use std::fs::{File, TryLockError};
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn is_locked(path: &std::path::Path) -> bool {
        matches!(File::open(path).unwrap().try_lock(), Err(TryLockError::WouldBlock))
    }

    #[test]
    fn a_lock_is_held_by_whoever_may_still_take_it_or_has_taken_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locked");
        let file = File::create(&path).unwrap();
        file.lock().unwrap();
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        hand_over(&ours, &file).unwrap();
        ours.write_all(b"what follows").unwrap();
        drop((file, ours));
        assert!(is_locked(&path), "it lies in the socket");
        let taken = take_over(&theirs).unwrap();
        let mut rest = String::new();
        theirs.read_to_string(&mut rest).unwrap();
        drop(theirs);
        assert!(is_locked(&path) && rest == "what follows");
        drop(taken);
        assert!(!is_locked(&path));
    }

    #[test]
    fn what_was_never_taken_goes_with_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locked");
        let file = File::create(&path).unwrap();
        file.lock().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        hand_over(&ours, &file).unwrap();
        drop((file, ours, theirs));
        assert!(!is_locked(&path));
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(ours);
        assert!(take_over(&theirs).is_err(), "nothing was put in");
    }
}
