//! The account of a root that uses Qwen OAuth: the credential says where it goes, and one model answers.

use super::notes::Notes;
use super::provider_choice::Choice;
use super::sources::Source;
use super::{
    Found, Inputs, OauthHint, Origin, Problem, ProblemKind, Provider, Resolution, State, method, signed_out, variables,
};

/// The models that Qwen OAuth has ever served; any other is not sent (O54).
const MODELS: [&str; 2] = ["coder-model", "vision-model"];

/// Fills in what holds for Qwen OAuth.
pub(super) fn fill(
    resolution: &mut Resolution,
    inputs: &Inputs<'_>,
    sources: &[Source<'_>],
    choice: &Choice<'_>,
    notes: &mut Notes,
) {
    resolution.provider = Some(Provider::Qwen);
    // O53: neither the keys nor the endpoints of the other method are used.
    for source in sources {
        let key = source.key(variables::API_KEY).map(|key| key.origin);
        let url = source.text(variables::BASE_URL).map(|url| url.origin);
        for origin in key.into_iter().chain(url) {
            notes.ignored(origin, "the method is Qwen OAuth");
        }
    }
    let served = |model: &&Found<String>| MODELS.contains(&model.value.as_str());
    for model in choice.models.iter().filter(|model| !served(model)) {
        notes.ignored(model.origin.clone(), format!("Qwen OAuth serves `{}` only", Provider::Qwen.default_model()));
    }
    resolution.model = choice.models.iter().find(served).cloned().or_else(|| {
        let origin = Origin::default("Qwen OAuth serves this one");
        Some(Found { value: Provider::Qwen.default_model().to_owned(), origin })
    });
    let credential = method::credential(inputs);
    resolution.state = match inputs.oauth {
        OauthHint::Usable { .. } => State::SignedIn,
        OauthHint::Absent => {
            notes.problem(signed_out::no_credential(inputs));
            State::SignedOut
        }
        OauthHint::Expired => {
            let message = "the Qwen sign-in has expired and cannot be renewed; sign in again (`qwen.signIn`, \
                           `qwen-language-server auth sign-in`)";
            notes.problem(Problem::new(ProblemKind::SessionExpired, message).at(&credential));
            State::SignedOut
        }
        OauthHint::Unreadable(reason) => {
            let message = format!("{} is not read: {reason}; repair it or sign in again", credential.place());
            notes.problem(Problem::new(ProblemKind::UnreadableFile, message).at(&credential));
            State::SignedOut
        }
        OauthHint::Unavailable(reason) => {
            let message = format!("the Qwen session in the keyring could not be read: {reason}");
            notes.problem(Problem::new(ProblemKind::KeyringUnavailable, message));
            State::SignedOut
        }
    };
}
