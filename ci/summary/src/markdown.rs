//! The summary for people: first whether all is well, then what is not, then an overview of what
//! was tried, and everything else folded away.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::case::{Case, Part, What};
use crate::night::Night;

/// The whole night as a page.
pub(crate) fn page(night: &Night, headline: &str) -> String {
    let mut page = format!("# The night: {}\n\n{headline}\n", night.verdict());
    let lists = [
        ("New: look at the report, then commit the entry", &night.new),
        (
            "Lost: found before, not any more; fix what hides it, or `standstill corpus check --bless`",
            &night.lost,
        ),
        ("In trouble: could not do its work", &night.trouble),
    ];
    for (title, lines) in lists {
        if !lines.is_empty() {
            let _ = writeln!(page, "\n## {title}\n");
            for line in lines {
                let _ = writeln!(page, "- {}", line.replace('\n', " "));
            }
        }
    }
    overview(&mut page, night);
    for (part, cases) in night.parts() {
        let bad = cases.iter().filter(|case| case.wrong).count();
        let _ = writeln!(
            page,
            "\n<details><summary>{part}: {} tried, {bad} to look at</summary>\n",
            cases.len()
        );
        let _ = writeln!(page, "| | what | came to |\n| --- | --- | --- |");
        for case in cases {
            let mark = if case.wrong { "**!**" } else { "ok" };
            let (what, detail) = (cell(&case.what.to_string()), cell(&case.detail));
            let _ = writeln!(page, "| {mark} | {what} | {detail} |");
        }
        page.push_str("\n</details>\n");
    }
    page
}

/// A row for each scenario, a column for each part that tried it.
fn overview(page: &mut String, night: &Night) {
    let mut rows: BTreeMap<&str, BTreeMap<&Part, Vec<&Case>>> = BTreeMap::new();
    let parts: Vec<&Part> = night
        .parts()
        .map(|(part, _)| part)
        .filter(|part| **part != Part::Import)
        .collect();
    for case in night.cases.iter().filter(|case| case.part != Part::Import) {
        let row = rows.entry(case.what.scenario()).or_default();
        row.entry(&case.part).or_default().push(case);
    }
    let titles: Vec<String> = parts.iter().map(|part| part.to_string()).collect();
    let _ = writeln!(
        page,
        "\nWhat came of the buggy variant, then of the fixed one; what is wrong is **bold**.\n\n\
         | scenario | {} |\n| --- |{}",
        titles.join(" | "),
        " --- |".repeat(parts.len())
    );
    for (scenario, row) in rows {
        let cells: Vec<String> = parts
            .iter()
            .map(|part| row.get(part).map_or_else(String::new, |cases| words(cases)))
            .collect();
        let _ = writeln!(page, "| {} | {} |", cell(scenario), cells.join(" | "));
    }
}

/// What several cases came to, the buggy variant first; files are counted.
fn words(cases: &[&Case]) -> String {
    let files = cases
        .iter()
        .filter(|case| matches!(case.what, What::File { .. }));
    let (all, good) = (
        files.clone().count(),
        files.filter(|case| !case.wrong).count(),
    );
    if all > 0 {
        let text = format!("{good} of {all}");
        return if good < all {
            format!("**{text}**")
        } else {
            text
        };
    }
    let mut cases = cases.to_vec();
    cases.sort_by(|one, other| one.what.cmp(&other.what));
    let words: Vec<String> = cases
        .iter()
        .map(|case| {
            let word = cell(&case.word);
            if case.wrong {
                format!("**{word}**")
            } else {
                word
            }
        })
        .collect();
    words.join(", ")
}

/// Text that cannot end its cell.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
