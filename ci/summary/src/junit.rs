//! The summary for test viewers.

use std::fmt::Write;

use crate::night::Night;

/// The whole night as JUnit XML: a suite for each part.
pub(crate) fn document(night: &Night) -> String {
    let mut page = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (part, cases) in night.parts() {
        let part = escaped(&part.to_string());
        let (tests, failures) = (cases.len(), cases.iter().filter(|case| case.wrong).count());
        let _ = writeln!(
            page,
            "  <testsuite name=\"{part}\" tests=\"{tests}\" failures=\"{failures}\">"
        );
        for case in cases {
            let (name, detail) = (escaped(&case.what.to_string()), escaped(&case.detail));
            let _ = write!(page, "    <testcase classname=\"{part}\" name=\"{name}\">");
            let _ = if case.wrong {
                write!(page, "<failure message=\"{detail}\"/>")
            } else {
                write!(page, "<system-out>{detail}</system-out>")
            };
            page.push_str("</testcase>\n");
        }
        page.push_str("  </testsuite>\n");
    }
    let all = night.new.iter().chain(&night.lost).chain(&night.trouble);
    let failures = all.clone().count();
    let _ = writeln!(
        page,
        "  <testsuite name=\"night\" tests=\"1\" failures=\"{}\">",
        usize::from(failures > 0)
    );
    page.push_str("    <testcase classname=\"night\" name=\"nothing is new, lost or in trouble\">");
    if failures > 0 {
        let lines: Vec<String> = all.map(|line| escaped(line)).collect();
        let verdict = escaped(&night.verdict());
        let _ = write!(
            page,
            "<failure message=\"{verdict}\">{}</failure>",
            lines.join("\n")
        );
    }
    page.push_str("</testcase>\n  </testsuite>\n</testsuites>\n");
    page
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(' '),
            control if control.is_control() => {}
            other => safe.push(other),
        }
    }
    safe
}
