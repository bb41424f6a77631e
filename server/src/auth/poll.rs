//! When to ask again whether the user has approved: each step of the device flow, decided without a clock.

use std::time::Duration;

use tokio::time::Instant;

use crate::auth::Error;
use crate::auth::reply::{Reply, Tokens};

/// RFC 8628 §3.5 says five seconds where the server names no interval. Qwen's never names one, and its own CLI asks
/// every two seconds (`facts` 1.6); a user who has just approved is looking at the editor.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(2);
/// RFC 8628 §3.5: `slow_down` adds five seconds for good, not once.
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// The CLI's longest pause, for a server that names no interval: twice what RFC 8628 would have it start with. A
/// server that names one means what it says, and is slowed down for without end.
const LONGEST_UNNAMED_INTERVAL: Duration = Duration::from_secs(10);
/// A server that names an interval of nothing is not asked in a tight loop.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// Where a device flow stands.
#[derive(Clone, Debug)]
pub struct Poll {
    host: String,
    interval: Duration,
    longest: Duration,
    lifetime: Duration,
    last: Option<String>,
}

/// What to do after an answer.
#[derive(Clone, Debug)]
pub enum Next {
    /// Ask again after this.
    Wait(Duration),
    /// Signed in.
    Done(Tokens),
    /// Over.
    Failed(Error),
}

impl Poll {
    /// Starts a flow with `host` whose codes live that long.
    pub fn new(host: &str, interval: Option<Duration>, lifetime: Duration) -> Self {
        Self {
            host: host.to_owned(),
            interval: interval.unwrap_or(DEFAULT_INTERVAL).max(SHORTEST_INTERVAL),
            longest: if interval.is_some() { Duration::MAX } else { LONGEST_UNNAMED_INTERVAL },
            lifetime,
            last: None,
        }
    }

    /// Decides about an answer that came `elapsed` after the device authorization.
    pub fn next(&mut self, reply: Reply, elapsed: Duration) -> Next {
        match reply {
            Reply::Granted(tokens) => return Next::Done(tokens),
            Reply::Denied => return Next::Failed(Error::Denied),
            Reply::Expired => return Next::Failed(Error::DeviceCodeExpired { last: None }),
            Reply::RateLimited => return Next::Failed(Error::RateLimited { host: self.host.clone() }),
            Reply::Refused(why) => {
                return Next::Failed(Error::SignInUnavailable { host: self.host.clone(), why });
            }
            Reply::Pending => self.last = None,
            Reply::SlowDown => {
                self.last = None;
                self.slow_to(self.interval.saturating_add(SLOW_DOWN));
            }
            Reply::Unclear(why) => self.last = Some(why),
            Reply::TimedOut => {
                self.last = Some("not there in time".to_owned());
                // RFC 8628 §3.5: on a connection timeout, poll less often; it suggests doubling the interval.
                self.slow_to(self.interval.saturating_mul(2));
            }
        }
        // The end is a moment, not a number of polls: a slow network must not outlive the code.
        if elapsed.saturating_add(self.interval) < self.lifetime {
            Next::Wait(self.interval)
        } else {
            Next::Failed(Error::DeviceCodeExpired { last: self.last.take() })
        }
    }

    fn slow_to(&mut self, interval: Duration) {
        self.interval = interval.min(self.longest).max(self.interval);
    }
}

/// Asks until the flow is over; `started` is when the codes were given. The first question comes at once.
pub async fn run<F: Future<Output = Reply>>(
    mut poll: Poll,
    started: Instant,
    mut ask: impl FnMut() -> F,
) -> Result<Tokens, Error> {
    loop {
        match poll.next(ask().await, started.elapsed()) {
            Next::Wait(pause) => tokio::time::sleep(pause).await,
            Next::Done(tokens) => return Ok(tokens),
            Next::Failed(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const LONG: Duration = Duration::from_secs(900);

    fn granted() -> Reply {
        Reply::Granted(Tokens {
            access_token: Secret::new("t"),
            refresh_token: None,
            token_type: "Bearer".to_owned(),
            resource_url: None,
            expires_in: None,
        })
    }

    fn waits(interval: Option<u64>, replies: Vec<Reply>) -> Vec<u64> {
        let mut poll = Poll::new("host", interval.map(Duration::from_secs), LONG);
        let wait = |reply| match poll.next(reply, Duration::ZERO) {
            Next::Wait(pause) => pause.as_secs(),
            other @ (Next::Done(_) | Next::Failed(_)) => panic!("{other:?}"),
        };
        replies.into_iter().map(wait).collect()
    }

    fn failure(reply: Reply, elapsed: u64) -> Error {
        match Poll::new("host", None, LONG).next(reply, Duration::from_secs(elapsed)) {
            Next::Failed(error) => error,
            other @ (Next::Wait(_) | Next::Done(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn o06_slow_down_adds_five_seconds_for_good() {
        use Reply::{Pending, SlowDown};
        assert_eq!(waits(Some(5), vec![Pending, SlowDown, SlowDown, Pending, SlowDown]), [5, 10, 15, 15, 20]);
        assert_eq!(waits(None, vec![Pending, Pending, SlowDown, SlowDown, Pending]), [2, 2, 7, 10, 10]);
    }

    #[test]
    fn o07_qwens_service_is_never_left_for_more_than_ten_seconds() {
        assert!(waits(None, vec![Reply::SlowDown; 10]).into_iter().all(|wait| wait <= 10));
    }

    #[test]
    fn o09_o10_what_is_not_the_end_waits_the_interval() {
        use Reply::{Pending, TimedOut, Unclear};
        assert_eq!(waits(None, vec![Unclear("x".into()), Pending, TimedOut, Pending]), [2, 2, 4, 4]);
        assert_eq!(waits(Some(0), vec![Pending]), [1]);
    }

    #[test]
    fn o11_to_o14_the_user_the_code_and_the_service_can_end_it() {
        let host = "host".to_owned();
        for (reply, error) in [
            (Reply::Denied, Error::Denied),
            (Reply::Expired, Error::DeviceCodeExpired { last: None }),
            (Reply::RateLimited, Error::RateLimited { host: host.clone() }),
            (Reply::Refused("x".into()), Error::SignInUnavailable { host, why: "x".into() }),
        ] {
            assert_eq!(failure(reply, 0), error);
        }
    }

    #[test]
    fn o15_the_end_is_a_moment_and_says_what_came_last() {
        assert_eq!(failure(Reply::Pending, 898), Error::DeviceCodeExpired { last: None });
        let last = failure(Reply::Unclear("HTTP 502 with nothing".into()), 899).to_string();
        assert!(last.contains("HTTP 502 with nothing"), "{last}");
        assert!(matches!(Poll::new("host", None, LONG).next(granted(), LONG * 2), Next::Done(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn o15_a_code_of_four_seconds_is_asked_about_twice() {
        let (started, mut polls) = (Instant::now(), 0);
        let poll = Poll::new("host", None, Duration::from_secs(4));
        let result = run(poll, started, || {
            polls += 1;
            std::future::ready(Reply::Pending)
        });
        assert_eq!(result.await.unwrap_err(), Error::DeviceCodeExpired { last: None });
        assert_eq!(polls, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_poll_comes_at_once_and_the_rest_at_the_interval() {
        let started = Instant::now();
        let mut script = vec![granted(), Reply::Pending, Reply::SlowDown, Reply::Pending];
        let mut asked = Vec::new();
        run(Poll::new("host", None, LONG), started, || {
            asked.push(started.elapsed().as_secs());
            std::future::ready(script.pop().unwrap())
        })
        .await
        .unwrap();
        assert_eq!(asked, [0, 2, 9, 16]);
    }
}
