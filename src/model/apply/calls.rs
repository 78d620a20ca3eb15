//! What events about functions, their threads and the objects they talk through change in the state. PURE.
//! It does not decide which call is answered next.

use super::IllegalEvent;
use crate::event::What;
use crate::model::state::State;
use crate::task::ObjectSpec;

impl State {
    /// The run's objects, as they are before anybody uses them.
    pub(super) fn declare_objects(&mut self, _objects: &[ObjectSpec]) {}

    /// Everything that is about functions and objects.
    pub(super) fn apply_talk(&mut self, _what: &What) -> Result<(), IllegalEvent> {
        Ok(())
    }
}
