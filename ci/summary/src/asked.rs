//! What the night was to try: `asked/list.json` is what `standstill list` says, `asked/scenarios`
//! the scenarios that it was narrowed to, and `asked/targets` the fuzz targets.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::case::{Part, What};

/// Every variant that each engine was to hunt in, and those that were to be fuzzed.
pub(crate) fn cases(asked: &Path) -> anyhow::Result<BTreeSet<(Part, What)>> {
    let read = |name: &str| {
        let path = asked.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let list: Value = serde_json::from_str(&read("list.json")?).context("list.json is no JSON")?;
    let narrowed = read("scenarios")?;
    let narrowed: BTreeSet<&str> = narrowed.split_whitespace().collect();
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        let texts = items.iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let mut cases = BTreeSet::new();
    for scenario in list["scenarios"].as_array().map_or(&[][..], Vec::as_slice) {
        let name = scenario["name"].as_str().unwrap_or_default();
        if !narrowed.is_empty() && !narrowed.contains(name) {
            continue;
        }
        for variant in texts(&scenario["variants"]) {
            for engine in texts(&list["engines"]) {
                let scenario = name.to_owned();
                let variant = variant.clone();
                cases.insert((Part::Hunt(engine), What::Variant { scenario, variant }));
            }
        }
    }
    for target in read("targets")?.split_whitespace() {
        for variant in ["buggy", "fixed"] {
            let (scenario, variant) = (target.to_owned(), variant.to_owned());
            cases.insert((Part::Fuzz, What::Variant { scenario, variant }));
        }
    }
    Ok(cases)
}
