//! The command line.

use std::path::PathBuf;

/// What to measure, and how long.
#[derive(Debug)]
pub struct Options {
    pub only: Vec<String>,
    pub seeds: u64,
    pub quick: bool,
    pub jobs: usize,
    pub out: PathBuf,
    /// The options as they were given, without where to write.
    pub text: String,
}

impl Options {
    /// # Errors
    ///
    /// If an option is unknown, lacks its value, or has one that cannot be used.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let arguments: Vec<String> = arguments.collect();
        let quick = arguments.iter().any(|argument| argument == "--quick");
        let mut options = Self {
            only: Vec::new(),
            seeds: if quick { 3 } else { 11 },
            quick,
            jobs: 2,
            out: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
            text: String::new(),
        };
        let mut rest = arguments.into_iter();
        while let Some(option) = rest.next() {
            if option == "--quick" {
                options.text.push_str(" --quick");
                continue;
            }
            let value = rest.next();
            let value = value.ok_or_else(|| format!("`{option}` is unknown or lacks its value"))?;
            if option != "--out" {
                options.text.push_str(&format!(" {option} {value}"));
            }
            let number = || match value.parse::<u64>() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(format!("{option} `{value}` is no number from 1 on")),
            };
            match option.as_str() {
                "--only" => options.only = value.split(',').map(str::to_owned).collect(),
                "--seeds" => options.seeds = number()?,
                "--jobs" => options.jobs = usize::try_from(number()?).map_err(|e| e.to_string())?,
                "--out" => options.out = PathBuf::from(value),
                _ => {
                    return Err(format!(
                        "there is no option `{option}`: choose among --only, --seeds, --quick, \
                         --jobs, --out"
                    ));
                }
            }
        }
        let names: Vec<&str> = super::sections::ALL.map(|(name, _)| name).to_vec();
        if let Some(unknown) = options
            .only
            .iter()
            .find(|name| !names.contains(&name.as_str()))
        {
            return Err(format!(
                "there is no section `{unknown}`: choose among {}",
                names.join(", ")
            ));
        }
        Ok(options)
    }

    pub fn wants(&self, section: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == section)
    }
}
