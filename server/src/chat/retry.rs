//! Whether a request is sent again, and when. Pure.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// What is known when a request did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection was made.
    Connect,
    /// The service answered with this status, and perhaps says when to come back.
    Status(u16, Option<Duration>),
    /// Anything else, a used-up quota among it.
    Final,
}

/// A request is sent at most this often again.
pub(super) const RETRIES: u32 = 2;

/// A longer wait is told, not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The first wait; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// How long to wait before request number `sent` + 1; none if there shall be none.
///
/// `jitter` is a number from 0 to 1: without it, editors that failed together would come back together.
pub(super) fn wait(failure: Failure, sent: u32, jitter: f64) -> Option<Duration> {
    if sent > RETRIES {
        return None;
    }
    let backoff = FIRST_WAIT * 2_u32.pow(sent.saturating_sub(1));
    let backoff = backoff.mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 2.0);
    let wait = match failure {
        Failure::Connect => backoff,
        Failure::Status(500 | 502 | 503 | 504, told) => told.map_or(backoff, |told| told.max(backoff)),
        // A 429 without a time is a limit whose end nobody knows; asking again makes it worse.
        Failure::Status(429, Some(told)) => told,
        Failure::Status(..) | Failure::Final => return None,
    };
    (wait <= LONGEST_WAIT).then_some(wait)
}

/// How long the service asks to wait: `Retry-After-Ms`, or `Retry-After` in seconds or as a date (RFC 9110 §10.2.3).
pub(super) fn told(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    if let Some(milliseconds) = text("retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(value) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn what_is_sent_again_and_when() {
        use Failure::{Connect, Final, Status};
        for (failure, sent, expected) in [
            (Connect, 1, Some(ms(500))),
            (Connect, 2, Some(ms(1000))),
            (Connect, 3, None),
            (Status(500, None), 1, Some(ms(500))),
            (Status(502, None), 1, Some(ms(500))),
            (Status(503, None), 2, Some(ms(1000))),
            (Status(504, None), 3, None),
            (Status(503, Some(ms(2000))), 1, Some(ms(2000))),
            (Status(503, Some(ms(0))), 1, Some(ms(500))),
            (Status(503, Some(ms(61_000))), 1, None),
            (Status(429, Some(ms(2000))), 1, Some(ms(2000))),
            (Status(429, Some(ms(60_000))), 2, Some(ms(60_000))),
            (Status(429, Some(ms(60_001))), 1, None),
            (Status(429, Some(ms(2000))), 3, None),
            (Status(429, None), 1, None),
            (Status(400, Some(ms(1))), 1, None),
            (Status(401, Some(ms(1))), 1, None),
            (Status(402, Some(ms(1))), 1, None),
            (Status(403, None), 1, None),
            (Status(404, None), 1, None),
            (Status(501, None), 1, None),
            (Final, 1, None),
        ] {
            assert_eq!(wait(failure, sent, 0.5), expected, "{failure:?} after {sent}");
        }
    }

    #[test]
    fn jitter_spreads_a_wait_by_a_quarter_each_way() {
        assert_eq!(wait(Failure::Connect, 1, 0.0), Some(ms(375)));
        assert_eq!(wait(Failure::Connect, 1, 1.0), Some(ms(625)));
    }

    #[test]
    fn the_services_word_is_read_in_all_its_forms() {
        let now = httpdate::parse_http_date("Tue, 24 Nov 2026 02:00:00 GMT").expect("a date");
        for (name, value, expected) in [
            ("retry-after", "2", Some(ms(2000))),
            ("retry-after", " 2 ", Some(ms(2000))),
            ("retry-after", "0.5", Some(ms(500))),
            ("retry-after", "Tue, 24 Nov 2026 02:00:30 GMT", Some(ms(30_000))),
            ("retry-after", "Tue, 24 Nov 2026 01:00:00 GMT", Some(ms(0))),
            ("retry-after-ms", "1500", Some(ms(1500))),
            ("retry-after", "-1", None),
            ("retry-after", "soon", None),
            ("retry-after", "1e300", None),
            ("retry-after", "NaN", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header"));
            assert_eq!(told(&headers, now), expected, "{name}: {value}");
        }
        assert_eq!(told(&HeaderMap::new(), now), None);
    }
}
