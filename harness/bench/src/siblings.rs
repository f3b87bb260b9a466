//! The other programs of this crate. What is compiled beside them changes how they are compiled, so
//! each is one of its own.

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

/// Builds them, as this one was.
pub fn build() -> Result<(), Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--bins", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .status()?;
    if !status.success() {
        return Err(format!("cargo build ended with {status}").into());
    }
    Ok(())
}

/// Where one of them is.
pub fn path(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// What one of them prints.
pub fn output(name: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(path(name)?).args(arguments).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{name} {}: {}: {said}", arguments.join(" "), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
