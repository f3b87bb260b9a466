//! The templates, and the parts that all pages share.

use minijinja::{AutoEscape, Environment, Value};

const PAGE: &str = include_str!("assets/page.html");
const INDEX: &str = include_str!("assets/index.html");
const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/page.js");

/// Formats a sentence as HTML, with the text between backticks as code.
fn code(text: &str) -> Value {
    let mut html = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        let part = part
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        if at % 2 == 1 {
            html.push_str("<code>");
            html.push_str(&part);
            html.push_str("</code>");
        } else {
            html.push_str(&part);
        }
    }
    Value::from_safe_string(html)
}

/// Renders one of the templates. They are part of this crate, so a failure is a bug in this crate.
pub(crate) fn render(name: &str, context: Value) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_global("style", Value::from_safe_string(STYLE.to_owned()));
    environment.add_global("script", Value::from_safe_string(SCRIPT.to_owned()));
    environment.add_filter("code", code);
    let source = if name == "index" { INDEX } else { PAGE };
    environment
        .render_str(source, context)
        .unwrap_or_else(|error| panic!("internal error: the template {name}: {error}"))
}
