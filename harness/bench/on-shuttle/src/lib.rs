//! The fixed variants of the catalogue's async scenarios, the very same sources, compiled against
//! shuttle-tokio: in this crate `tokio` is its name. Two are missing: `resync-leak` and `cancel-leak`
//! call `watch::Sender::new`, which shuttle-tokio 1.0.0 does not have.

#[path = "../../../../scenarios/cluster-sync/src/fixed.rs"]
pub mod cluster_sync;
#[path = "../../../../scenarios/double-read/src/fixed.rs"]
pub mod double_read;
#[path = "../../../../scenarios/quota-worker/src/fixed.rs"]
pub mod quota_worker;
#[path = "../../../../scenarios/stream-reset/src/fixed.rs"]
pub mod stream_reset;
#[path = "../../../../scenarios/watch-mux/src/fixed.rs"]
pub mod watch_mux;
