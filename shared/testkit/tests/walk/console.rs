//! A console for what the page asks to be typed: assignments, and requests with `curl`.

use std::collections::BTreeMap;

use annals_testkit::{Client, Method, eventually};

#[derive(Default)]
pub struct Console {
    variables: BTreeMap<String, String>,
}

/// Where the page says that the system is.
const SYSTEM: &str = "localhost:8080";

impl Console {
    /// Types a command, and sees that it prints what is promised. A read is repeated until it does:
    /// views and reactors follow the log a moment later.
    pub async fn enter(&mut self, client: &Client, command: &str, promised: &str) {
        let words = self.words(command);
        match &words[..] {
            [assignment] => {
                let (name, value) = assignment.split_once('=').unwrap();
                self.variables.insert(name.into(), value.into());
            }
            [curl, silent, json, body, url] if [curl, silent, json] == ["curl", "-s", "--json"] => {
                let call = client.request(Method::POST, path(url)).body(body.clone());
                let printed = call.header("content-type", "application/json").await.text;
                assert!(fits(promised, &printed), "$ {command}\n{printed}\nis promised to be\n{promised}");
            }
            [curl, silent, url] if [curl, silent] == ["curl", "-s"] => {
                let mut before = String::new();
                eventually(&format!("{command} prints {promised}"), async || {
                    let printed = client.get(path(url)).await.text;
                    if printed != before {
                        println!("$ {command}\n{printed}"); // seen if it fails
                        before.clone_from(&printed);
                    }
                    fits(promised, &printed)
                })
                .await;
            }
            other => panic!("this cannot be typed here: {other:?}"),
        }
    }

    /// The words of a command, as a shell takes it apart.
    fn words(&self, command: &str) -> Vec<String> {
        let (mut words, mut quoted) = (vec![String::new()], false);
        for part in command.split_inclusive(['\'', ' ']) {
            let text = part.trim_end_matches(['\'', ' ']);
            let word = words.last_mut().unwrap();
            word.push_str(&if quoted { text.to_owned() } else { self.insert_variables(text) });
            match part.chars().next_back() {
                Some('\'') => quoted = !quoted,
                Some(' ') if quoted => word.push(' '),
                Some(' ') => words.push(String::new()),
                _ => {}
            }
        }
        words
    }

    fn insert_variables(&self, text: &str) -> String {
        self.variables
            .iter()
            .fold(text.into(), |text, (name, value)| text.replace(&format!("${name}"), value))
    }
}

fn path(url: &str) -> &str {
    url.strip_prefix(SYSTEM).unwrap_or_else(|| panic!("not at {SYSTEM}: {url}"))
}

/// `…` stands for anything.
fn fits(promised: &str, printed: &str) -> bool {
    let mut parts = promised.split('…');
    let Some(mut rest) = printed.trim().strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn dots_stand_for_anything_and_nothing_else_is_left_out() {
    for (promised, printed) in [("ab", "ab"), ("a…", "a"), ("…b", "ab"), ("a…c…e", "abcde"), ("a…a", "aa")]
    {
        assert!(fits(promised, printed), "{promised} {printed}");
    }
    for (promised, printed) in [("a", "ab"), ("b", "ab"), ("a…", "ba"), ("a…c…b", "abcd"), ("a…a", "a")]
    {
        assert!(!fits(promised, printed), "{promised} {printed}");
    }
}

#[test]
fn words_are_those_of_a_shell() {
    let console = Console { variables: [("ID".into(), "7".into())].into() };
    assert_eq!(
        console.words("curl -s --json '{\"a\": \"$ID\"}' host/$ID/x"),
        ["curl", "-s", "--json", "{\"a\": \"$ID\"}", "host/7/x"]
    );
}
