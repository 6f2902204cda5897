//! Every exit code, and which one wins when several apply.

/// How a run ended. The order of the variants is the order of strength: the last one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: all selected messages accepted (skipped and left do not count), or valid.
    Done,
    /// 1: finished, some rejected, unknown, blocked, or skipped as invalid.
    Faults,
    /// 5: more to do, call again.
    MoreToDo,
    /// 3: stopped, a person is needed; the rest is pending.
    Stopped,
    /// 130: interrupted; the rest is pending.
    Interrupted,
    /// 4: the ledger is locked, unreadable, missing or full.
    Ledger,
    /// 2: usage, manifest or row error, or the answer was no: nothing was sent. Never meets another one.
    Refused,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Faults => 1,
            Self::Refused => 2,
            Self::Stopped => 3,
            Self::Ledger => 4,
            Self::MoreToDo => 5,
            Self::Interrupted => 130,
        }
    }

    /// The stronger of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_wins() {
        let by_strength = [Exit::Ledger, Exit::Interrupted, Exit::Stopped, Exit::MoreToDo, Exit::Faults, Exit::Done];
        assert_eq!(by_strength.map(Exit::code), [4, 130, 3, 5, 1, 0]);
        for pair in by_strength.windows(2) {
            assert_eq!(pair[0].and(pair[1]), pair[0]);
            assert_eq!(pair[1].and(pair[0]), pair[0]);
        }
    }
}
