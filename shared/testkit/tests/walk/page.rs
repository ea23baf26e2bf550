//! The page as a person reads it: what is claimed, and the steps with what is to be typed.

use std::{collections::BTreeMap, fs, path::Path};

/// What a step touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Files {
    pub new: usize,
    pub changed: usize,
    pub of_tests: usize,
}

/// A chapter of the page.
pub struct Step {
    pub title: String,
    pub costs: Files,
    pub blocks: Vec<Block>,
}

/// Something that stands in a box.
pub enum Block {
    /// A whole file.
    New { path: String, text: String },
    /// Places of a file, each as it is before and after.
    Change { path: String, places: Vec<(String, String)> },
    /// For a shell.
    Shell(String),
    /// What the compiler has to say about the command before it.
    Compiler(String),
    /// Commands, and what each prints. `…` stands for anything.
    Console(Vec<(String, String)>),
}

/// The steps of a page.
pub fn read(page: &Path) -> Vec<Step> {
    let text = fs::read_to_string(page).unwrap();
    let mut chapters = text.split("\n## ");
    let mut costs = costs(chapters.next().unwrap());
    let steps: Vec<_> = chapters
        .map(|chapter| {
            let (title, text) = chapter.split_once('\n').unwrap();
            let costs = costs.remove(title).unwrap_or_else(|| panic!("the table has no row `{title}`"));
            Step { title: title.into(), costs, blocks: blocks(text) }
        })
        .collect();
    assert!(costs.is_empty(), "no chapter: {costs:?}");
    steps
}

/// The table: `| [title](#...) | new | changed | tests |`, each number with what it is about.
fn costs(text: &str) -> BTreeMap<String, Files> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| [")?.split_once(']'));
    rows.map(|(title, rest)| {
        let mut numbers = rest.split(" | ").skip(1).map(|cell| {
            let digits: String = cell.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or_else(|_| panic!("no number: {cell}"))
        });
        let [new, changed, of_tests] = [(); 3].map(|()| numbers.next().unwrap());
        (title.to_owned(), Files { new, changed, of_tests })
    })
    .collect()
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut before) = (Vec::new(), "");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(block(language, before, &inside));
        } else if !line.is_empty() {
            before = line;
        }
    }
    blocks
}

fn block(language: &str, before: &str, lines: &[&str]) -> Block {
    let text = lines.join("\n") + "\n";
    // `New file `PATH`:` or `In `PATH`:`
    let path = || before.split('`').nth(1).unwrap_or_else(|| panic!("which file? {before}")).to_owned();
    match language {
        "rust" | "json" => Block::New { path: path(), text },
        "diff" => {
            Block::Change { path: path(), places: lines.split(|line| *line == "@@").map(place).collect() }
        }
        "sh" => Block::Shell(text.trim().into()),
        "text" => Block::Compiler(text),
        "console" => Block::Console(commands(&text)),
        other => panic!("a box of `{other}`"),
    }
}

/// Lines that stay begin with a blank, those that go with a minus, those that come with a plus.
fn place(lines: &[&str]) -> (String, String) {
    let side = |sign: char| -> String {
        let kept = lines.iter().filter_map(|line| match line.chars().next() {
            Some(first) if first == ' ' || first == sign => Some(format!("{}\n", &line[1..])),
            None => Some("\n".into()),
            Some(_) => None,
        });
        kept.collect()
    };
    (side('-'), side('+'))
}

fn commands(text: &str) -> Vec<(String, String)> {
    let commands = format!("\n{text}");
    let commands = commands.split("\n$ ").skip(1).map(|part| part.split_once('\n').unwrap_or((part, "")));
    commands.map(|(command, printed)| (command.into(), printed.trim().into())).collect()
}
