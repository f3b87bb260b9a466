//! Two jobs against one.

use std::error::Error;

use crate::options::Options;
use crate::record::Section;
use crate::siblings;

pub fn measure(options: &Options) -> Result<Section, Box<dyn Error>> {
    let rounds = if options.quick { "2" } else { "9" };
    let ratio: f64 = siblings::output("speed", &["jobs", rounds])?
        .trim()
        .parse()?;
    Ok(Section {
        title: "Two jobs".to_owned(),
        intro: format!(
            "100,000 schedules of the program above by one job and by two, in turns: two are **{ratio} \
             times** as fast, the median of {rounds} rounds. The goal is 1.9 on two idle cores; with \
             anything else running on them this says little."
        ),
        figures: serde_json::json!({ "ratio": ratio }),
        ..Section::default()
    })
}
