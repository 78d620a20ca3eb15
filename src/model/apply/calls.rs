//! What events about functions, their threads and the objects they talk through change in the state. PURE.
//! It does not decide which call is answered next.

use super::IllegalEvent;
use crate::event::What;
use crate::model::state::{PoolLife, State};
use crate::task::ObjectSpec;

impl State {
    /// The run's objects, as they are before anybody uses them.
    pub(super) fn declare_objects(&mut self, _objects: &[ObjectSpec]) {}

    /// Everything that is about functions and objects.
    pub(super) fn apply_talk(&mut self, what: &What) -> Result<(), IllegalEvent> {
        match what {
            What::PoolClosed if self.pool_life == PoolLife::Open => self.pool_life = PoolLife::Closed,
            What::PoolTerminated { .. } if self.pool_life < PoolLife::Terminated => {
                self.pool_life = PoolLife::Terminated;
            }
            What::PoolClosed | What::PoolTerminated { .. } => return Err(self.in_phase("pool_closed")),
            _ => {}
        }
        Ok(())
    }
}
