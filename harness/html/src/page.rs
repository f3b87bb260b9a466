//! The page of one finding.

use minijinja::{Value, context};
use standstill::Report;

use crate::data;
use crate::template::render;

/// Renders the page of a finding as HTML. If the report has a trace, the page shows the run step by
/// step, otherwise only its end.
pub fn page(report: &Report) -> String {
    let (kind, headline) = {
        let headline = report.headline();
        let kind = report.finding.kind.name();
        let said = headline
            .strip_prefix(&format!("{kind}: "))
            .unwrap_or(&headline)
            .to_owned();
        (kind, said)
    };
    let data = data::data(report).to_string();
    // Inside a script element, nothing may look like its end tag.
    let data = data.replace('<', "\\u003c");
    let facts: Vec<(&str, String)> = vec![
        (
            "scenario",
            format!("{} ({})", report.plan.scenario, report.plan.variant),
        ),
        ("load", report.plan.load.to_string()),
        ("engine", report.plan.engine.to_string()),
        ("fingerprint", report.finding.fingerprint.to_string()),
    ];
    render(
        "page",
        context! {
            kind,
            headline,
            help => report.help(),
            facts,
            notes => report.notes,
            replay => report.replay_command(),
            text => report.to_text(false),
            data => Value::from_safe_string(data),
        },
    )
}
