//! Guards that cancel a token when they are dropped.

use standstill_rt::Site;

use crate::sync::CancellationToken;

/// Cancels its token when it is dropped, unless it is disarmed.
#[derive(Debug)]
pub struct DropGuard {
    token: Option<CancellationToken>,
    site: Site,
}

impl DropGuard {
    pub(super) fn new(token: CancellationToken, site: Site) -> Self {
        Self {
            token: Some(token),
            site,
        }
    }

    /// The token.
    pub fn token(&self) -> &CancellationToken {
        held(self.token.as_ref())
    }

    /// Returns the token without cancelling it.
    pub fn disarm(mut self) -> CancellationToken {
        held(self.token.take())
    }
}

/// The token exists until the guard is disarmed or dropped, and the guard is not used after that.
fn held<T>(token: Option<T>) -> T {
    match token {
        Some(token) => token,
        None => unreachable!("a guard without its token is used"),
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel_at(self.site);
        }
    }
}

/// Cancels a borrowed token when it is dropped, unless it is disarmed.
#[derive(Debug)]
pub struct DropGuardRef<'a> {
    token: Option<&'a CancellationToken>,
    site: Site,
}

impl<'a> DropGuardRef<'a> {
    pub(super) fn new(token: &'a CancellationToken, site: Site) -> Self {
        Self {
            token: Some(token),
            site,
        }
    }

    /// The token.
    pub fn token(&self) -> &CancellationToken {
        held(self.token)
    }

    /// Returns the token without cancelling it.
    pub fn disarm(mut self) -> &'a CancellationToken {
        held(self.token.take())
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            token.cancel_at(self.site);
        }
    }
}
