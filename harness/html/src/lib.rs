//! Renders Standstill's findings as pages for a browser. Each page is one self-contained file: it needs
//! no network and no server.
//!
//! - [`page`]: one finding, with its run step by step;
//! - [`index`]: a whole hunt, with links to its findings.

mod data;
mod index;
mod page;
mod template;

pub use index::{Index, IndexFinding, IndexRow, index};
pub use page::page;
