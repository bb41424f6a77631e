//! When suggestions are made at all: never, when the user asks for one, or while the user types. Pure.

use crate::lsp::settings::InlineCompletion;
use crate::resolve::Method;

/// When suggestions are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Never.
    Off,
    /// When the user asks for one.
    Invoked,
    /// While the user types, too.
    Automatic,
}

/// What made an editor ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The user.
    Invoked,
    /// A key, or the cursor's move.
    Automatic,
}

impl Mode {
    /// The mode of a root; `switched` is what the user did by `qwen.toggleInlineCompletion`.
    ///
    /// Qwen OAuth counts requests by the day: there nothing is asked that the user did not ask for, until told so.
    pub fn of(switched: Option<bool>, settings: &InlineCompletion, method: Option<Method>) -> Self {
        match (switched, settings.enable, settings.automatic) {
            (Some(false), _, _) | (None, false, _) => Self::Off,
            (Some(true), _, _) | (None, true, Some(true)) => Self::Automatic,
            (None, true, Some(false)) => Self::Invoked,
            (None, true, None) => match method {
                Some(Method::QwenOauth) => Self::Invoked,
                Some(Method::Openai) | None => Self::Automatic,
            },
        }
    }

    /// Whether a suggestion is made for this trigger.
    pub fn allows(self, trigger: Trigger) -> bool {
        match trigger {
            Trigger::Invoked => self >= Self::Invoked,
            Trigger::Automatic => self == Self::Automatic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_wins_then_the_settings_then_the_method() {
        let set = |enable, automatic| InlineCompletion { enable, automatic, in_menu: false };
        let (oauth, key) = (Some(Method::QwenOauth), Some(Method::Openai));
        for (switched, settings, method, expected) in [
            (None, set(true, None), key, Mode::Automatic),
            (None, set(true, None), None, Mode::Automatic),
            (None, set(true, None), oauth, Mode::Invoked),
            (None, set(true, Some(true)), oauth, Mode::Automatic),
            (None, set(true, Some(false)), key, Mode::Invoked),
            (None, set(false, Some(true)), key, Mode::Off),
            (Some(true), set(false, Some(false)), oauth, Mode::Automatic),
            (Some(false), set(true, Some(true)), key, Mode::Off),
        ] {
            assert_eq!(Mode::of(switched, &settings, method), expected, "{switched:?} {settings:?} {method:?}");
        }
    }

    #[test]
    fn a_user_who_asks_is_refused_only_where_it_is_off() {
        let allowed = |mode: Mode| (mode.allows(Trigger::Invoked), mode.allows(Trigger::Automatic));
        assert_eq!(
            [Mode::Off, Mode::Invoked, Mode::Automatic].map(allowed),
            [(false, false), (true, false), (true, true)]
        );
    }
}
