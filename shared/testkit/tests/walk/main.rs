//! Follows `docs/adding-a-domain.md` word for word, in a copy of the workspace: each step touches as many
//! files as it says, compiles, passes the tests that come with it, and what was added is served.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod console;
mod page;
mod workshop;

use annals_testkit::System;
use console::Console;
use page::Block;
use workshop::{Workshop, root};

/// Whoever follows the page.
struct Walker {
    workshop: Workshop,
    system: Option<System>,
    console: Console,
    /// What the compiler has refused, if it has.
    refused: Option<String>,
    /// The names of all tests that have been written.
    tests: Vec<String>,
}

#[tokio::test]
async fn whoever_follows_the_page_adds_a_domain_that_is_served() {
    let steps = page::read(&root().join("docs/adding-a-domain.md"));
    let (workshop, console) = (Workshop::new(), Console::default());
    let mut walker = Walker { workshop, system: None, console, refused: None, tests: Vec::new() };
    for step in steps {
        for block in &step.blocks {
            walker.follow(block).await;
        }
        assert_eq!(walker.workshop.touched(), step.costs, "{}", step.title);
        assert_eq!(walker.refused, None, "it is left as it was");
    }
    assert!(!walker.tests.is_empty());
    walker.system.expect("it is started").stop().await;
}

impl Walker {
    async fn follow(&mut self, block: &Block) {
        match block {
            Block::New { path, text } => {
                self.workshop.create(path, text);
                self.note_tests(text);
            }
            Block::Change { path, places } => {
                self.workshop.change(path, places);
                for (_, after) in places {
                    self.note_tests(after);
                }
            }
            Block::Shell(command) => match command.as_str() {
                "cargo run -- up" => self.start().await,
                "cargo build" => self.is_refused(),
                tests => self.test(tests),
            },
            Block::Compiler(said) => {
                let refused = self.refused.take().expect("the compiler has refused something");
                for line in said.lines().map(|line| line.trim().trim_end_matches('…')) {
                    assert!(refused.contains(line), "{line}\nis not in\n{refused}");
                }
            }
            Block::Console(commands) => {
                let system = self.system.as_ref().expect("it is started before");
                for (command, promised) in commands {
                    self.console.enter(system, command, promised).await;
                }
            }
        }
    }

    /// Starts the system, after stopping the release before.
    async fn start(&mut self) {
        let Some(system) = &mut self.system else {
            self.system = Some(System::start_program(self.workshop.build(), &[]).await);
            return;
        };
        system.stop().await;
        self.workshop.build();
        system.start_again().await;
    }

    fn is_refused(&mut self) {
        let built = self.workshop.run("cargo build");
        assert!(!built.status.success(), "the compiler would have something to say");
        self.refused = Some(String::from_utf8(built.stderr).unwrap());
    }

    /// All tests that have been written so far are run.
    fn test(&self, command: &str) {
        let tested = self.workshop.run(command);
        let said = String::from_utf8(tested.stdout).unwrap();
        assert!(tested.status.success(), "{said}\n{}", String::from_utf8(tested.stderr).unwrap());
        for test in &self.tests {
            assert!(said.contains(&format!("::{test} ... ok")), "{test} is not among\n{said}");
        }
    }

    fn note_tests(&mut self, code: &str) {
        let functions = ["#[test]\nfn ", "#[test]\n    fn ", "#[tokio::test]\nasync fn "];
        for function in functions.iter().flat_map(|begin| code.split(begin).skip(1)) {
            self.tests.push(function.split('(').next().unwrap().into());
        }
    }
}
