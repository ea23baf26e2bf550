//! Query parameters. A name that is not known, or stands there twice, is refused: a misspelt filter
//! must not answer everything.

use annals_core::{Address, Position, Version};
use axum::http::Uri;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::{
    problem::{Code, Problem},
    values,
};

/// The largest page.
const LARGEST: u32 = 500;

/// The parameters of one request.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

/// A problem with one parameter.
pub fn invalid(name: &str, rule: &str) -> Problem {
    Problem::new(Code::InvalidQuery, format!("The query parameter `{name}` {rule}."))
}

/// Refuses a position beyond the log's end.
pub fn within(name: &str, position: Option<Position>, end: Position) -> Result<(), Problem> {
    match position {
        Some(position) if position > end => {
            Err(invalid(name, &format!("is beyond the end of the log, which is at {end}")))
        }
        Some(_) | None => Ok(()),
    }
}

impl Parameters {
    /// Reads them, each of which must be one of `known`.
    pub fn parse(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in pairs(uri.query().unwrap_or_default()) {
            let (name, value) = pair.map_err(|name| invalid(name, "is not UTF-8"))?;
            if !known.contains(&name.as_str()) {
                return Err(unknown(&name, known));
            }
            if parameters.iter().any(|(other, _)| *other == name) {
                return Err(invalid(&name, "is given more than once"));
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter, if it is given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        self.read(name, values::number, "is not a whole number")
    }

    /// A version. Those that no stream reaches are read as the largest one that a database can hold.
    pub fn version(&self, name: &str) -> Result<Option<Version>, Problem> {
        Ok(self.number(name)?.map(|version| version.min(i64::MAX as Version)))
    }

    /// A position, or a position and a place.
    pub fn address(&self, name: &str) -> Result<Option<Address>, Problem> {
        let address = self.text(name).map(str::parse::<Address>).transpose();
        address.map_err(|error| invalid(name, &error.to_string()))
    }

    /// A time with its offset.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        self.read(name, |text| text.parse().ok(), "is not a time like 2026-11-21T09:30:00Z")
    }

    /// A UUID.
    pub fn uuid(&self, name: &str) -> Result<Option<Uuid>, Problem> {
        self.read(name, values::uuid, "is not a UUID")
    }

    /// `limit`: the size of a page.
    pub fn limit(&self, default: u32) -> Result<u32, Problem> {
        let limit = |text: &str| u32::try_from(values::number(text)?).ok();
        let limit = |text: &str| limit(text).filter(|limit| (1..=LARGEST).contains(limit));
        Ok(self.read("limit", limit, "is not a number from 1 to 500")?.unwrap_or(default))
    }

    /// Those that are not among `others`, in the order in which they were given.
    pub fn except(&self, others: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        let rest = self.0.iter().filter(|(name, _)| !others.contains(&name.as_str()));
        rest.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn read<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        rule: &str,
    ) -> Result<Option<T>, Problem> {
        self.text(name).map(|text| parse(text).ok_or_else(|| invalid(name, rule))).transpose()
    }
}

fn unknown(name: &str, known: &[&str]) -> Problem {
    match known {
        [] => invalid(name, "is not known here; there are none"),
        known => invalid(name, &format!("is not known here; there are `{}`", known.join("`, `"))),
    }
}

/// Names and values in the form that queries and forms share; what is not UTF-8 is told by its name.
pub fn pairs(text: &str) -> impl Iterator<Item = Result<(String, String), &str>> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        decode(name).zip(decode(value)).ok_or(name)
    })
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Parameters, Problem> {
        let uri = format!("/v1/views/balances?{query}").parse().unwrap();
        Parameters::parse(&uri, &["limit", "after", "since", "owner"])
    }

    fn refused<T: std::fmt::Debug>(outcome: Result<T, Problem>) -> String {
        let problem = outcome.unwrap_err();
        assert_eq!(problem.code, Code::InvalidQuery);
        problem.detail
    }

    #[test]
    fn parameters_are_decoded() {
        let parameters = parse("owner=Ada+L%C3%B6we&&after=7&").unwrap();
        assert_eq!(parameters.text("owner"), Some("Ada Löwe"));
        assert_eq!(parameters.number("after").unwrap(), Some(7));
        assert_eq!(parameters.except(&["after"]).collect::<Vec<_>>(), [("owner", "Ada Löwe")]);
    }

    #[test]
    fn the_unknown_and_the_repeated_are_named() {
        assert!(refused(parse("colour=red")).contains("`colour` is not known here; there are `limit`"));
        assert!(refused(parse("after=1&after=1")).contains("`after` is given more than once"));
        assert!(refused(parse("owner=%ff")).contains("`owner`"));
        assert!(refused(parse("=1")).contains("``"));
    }

    #[test]
    fn a_page_has_between_1_and_500_entries() {
        let limit = |query: &str| parse(query).unwrap().limit(50);
        assert_eq!((limit("").unwrap(), limit("limit=500").unwrap()), (50, 500));
        for wrong in ["0", "501", "-1", "", "ten", "1.5", "%2B5", "4294967297"] {
            refused(limit(&format!("limit={wrong}")));
        }
    }

    #[test]
    fn numbers_and_times_are_strict() {
        refused(parse("after=-1").unwrap().number("after"));
        refused(parse("since=yesterday").unwrap().time("since"));
        refused(parse("since=2026-11-21T09:30:00").unwrap().time("since"));
        assert!(parse("since=2026-11-21T09:30:00%2B01:00").unwrap().time("since").unwrap().is_some());
        let last = parse(&format!("after={}", u64::MAX)).unwrap().version("after").unwrap();
        assert_eq!(last, Some(i64::MAX as u64));
    }

    #[test]
    fn an_address_is_a_position_and_maybe_a_place() {
        let after = |text: &str| parse(&format!("after={text}")).unwrap().address("after");
        assert_eq!(after("1042").unwrap(), Some(Address::whole(1042)));
        assert_eq!(after("1042.3").unwrap(), Some(Address::new(1042, 3)));
        for wrong in ["", "-1", "soon", "1.", "1.2.3"] {
            assert!(refused(after(wrong)).contains("nor a position and a place"), "{wrong}");
        }
    }

    #[test]
    fn a_position_beyond_the_end_is_refused() {
        assert!(within("after", Some(7), 7).is_ok() && within("after", None, 0).is_ok());
        assert!(refused(within("after", Some(8), 7)).contains("which is at 7"));
    }
}
