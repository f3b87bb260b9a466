//! The child process: makes the runs that are ordered, one after the other.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};
use standstill_model::plan::Plan;
use standstill_model::scenario::Program;

use crate::isolation::CHILD;
use crate::isolation::protocol::{self, Done, Order, Reply, VERSION};
use crate::{Stress, StressSettings};

/// How often a child sends a sign of life.
const ALIVE: Duration = Duration::from_millis(100);

/// Whether this process was started to make stress runs for another.
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Makes the runs that the parent process orders, of the programs that `find` knows. Exits the process
/// when there is nothing more to do.
pub fn serve(find: impl Fn(&Plan) -> Option<Program>) -> ! {
    let code = match Line::take_over().and_then(|line| obey(line, find)) {
        Ok(()) => 0,
        // The parent is gone, or cannot be reached: the error cannot be reported.
        Err(_) => 1,
    };
    std::process::exit(code);
}

/// The connection to the parent.
struct Line {
    socket: UnixStream,
    received: Vec<u8>,
}

impl Line {
    /// The socket is passed as the standard input. It is moved to another descriptor, so that the
    /// program does not read from it.
    fn take_over() -> std::io::Result<Self> {
        let socket: OwnedFd = rustix::io::fcntl_dupfd_cloexec(std::io::stdin(), 64)?;
        let nothing = std::fs::File::open("/dev/null")?;
        rustix::stdio::dup2_stdin(&nothing)?;
        Ok(Self {
            socket: UnixStream::from(socket),
            received: Vec::new(),
        })
    }

    /// The next order. None when the parent is gone.
    fn next(&mut self) -> std::io::Result<Option<Order>> {
        let mut buffer = [0; 4 * 1024];
        loop {
            match protocol::take(&mut self.received) {
                Ok(Some(order)) => return Ok(Some(order)),
                Ok(None) => {}
                Err(protocol::Garbage) => {
                    let detail = "an order cannot be understood".to_owned();
                    self.reply(&Reply::Refused { detail })?;
                    return Ok(None);
                }
            }
            match self.socket.read(&mut buffer)? {
                0 => return Ok(None),
                read => self.received.extend_from_slice(&buffer[..read]),
            }
        }
    }

    fn reply(&mut self, reply: &Reply) -> std::io::Result<()> {
        self.socket.write_all(&protocol::frame(reply))
    }
}

fn obey(mut line: Line, find: impl Fn(&Plan) -> Option<Program>) -> std::io::Result<()> {
    let mut engine = Stress::new(StressSettings::default());
    while let Some(order) = line.next()? {
        match order {
            Order::Begin {
                version,
                threads,
                patience_ms,
                grace_ms,
                memory,
            } => {
                if version != VERSION {
                    let detail = format!("it speaks version {VERSION}, not {version}");
                    return line.reply(&Reply::Refused { detail });
                }
                limit(memory)?;
                engine = Stress::new(StressSettings {
                    threads,
                    patience: Duration::from_millis(patience_ms),
                    grace: Duration::from_millis(grace_ms),
                });
                line.reply(&Reply::Ready { version: VERSION })?;
            }
            Order::Run { number, plan } => {
                let plan = Plan::from_token(&plan).ok();
                let found = plan.and_then(|plan| Some((find(&plan)?, plan)));
                let Some((program, plan)) = found else {
                    let detail = "it does not know the program".to_owned();
                    line.reply(&Reply::Refused { detail })?;
                    continue;
                };
                let mut said = Instant::now();
                let mut looks = || {
                    if said.elapsed() >= ALIVE {
                        said = Instant::now();
                        if line.reply(&Reply::Alive).is_err() {
                            // The parent is gone. Threads may be stuck, so this does not wait for them.
                            std::process::exit(1);
                        }
                    }
                    false
                };
                let (run, left) = engine.run_once(&program, &plan, &mut looks);
                let done = Done::new(number, run.verdict, run.steps, left);
                line.reply(&Reply::Done(Box::new(done)))?;
            }
        }
    }
    Ok(())
}

/// Limits what the process may do to the machine: its memory, and its core dumps.
fn limit(memory: u64) -> std::io::Result<()> {
    let most = |bytes| Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    setrlimit(Resource::Data, most(memory))?;
    setrlimit(Resource::Core, most(0))?;
    Ok(())
}
