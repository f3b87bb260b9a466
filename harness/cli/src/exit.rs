//! The result of the command line.

use std::process::ExitCode;

/// The result of an invocation, and its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: every expectation was met: buggy variants had findings, the others were clean, the corpus was
    /// reproduced.
    Met,
    /// 1: an expectation was not met, or a hunt was interrupted before it could be.
    Unmet,
    /// 2: the invocation or its input cannot be used, and nothing was changed.
    BadInput,
    /// 3: Standstill itself failed. That is a bug of Standstill.
    Internal,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Met => 0,
            Exit::Unmet => 1,
            Exit::BadInput => 2,
            Exit::Internal => 3,
        }
    }

    /// [`Exit::Met`] or [`Exit::Unmet`].
    pub(crate) fn met(met: bool) -> Self {
        if met { Exit::Met } else { Exit::Unmet }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_codes_are_those_of_the_documentation() {
        let codes = [Exit::Met, Exit::Unmet, Exit::BadInput, Exit::Internal].map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3]);
    }

    #[test]
    fn the_worse_of_two_exits_is_the_greater() {
        assert_eq!(Exit::Unmet.max(Exit::BadInput), Exit::BadInput);
        assert_eq!(Exit::Unmet.max(Exit::Met), Exit::Unmet);
    }
}
