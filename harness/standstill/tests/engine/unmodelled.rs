//! What a controlled run does not model is refused by name, and the run counts as undecided: never
//! as a hang, and never as a bug of the program.

use crate::common::within;
use standstill::{Hunt, Undecided, Verdict};

/// What a hunt through `body` was refused.
fn refused<F, R>(body: F) -> String
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let outcome = Hunt::new("unmodelled").schedules(2).run(body);
    match outcome.verdict {
        Verdict::Undecided(Undecided::Unmodelled { what, instead }) => {
            assert!(instead.contains("stress engine"), "{instead}");
            what
        }
        other => panic!("{other:?}"),
    }
}

macro_rules! refuses {
    ($($name:literal => $call:expr;)*) => {$(
        assert_eq!(refused(|| async { drop($call) }), $name);
    )*};
}

#[test]
fn sockets_are_refused_by_name() {
    within(120, || {
        use tokio::net::{
            TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream, lookup_host,
        };

        refuses! {
            "tokio::net::TcpStream::connect" => TcpStream::connect("127.0.0.1:9").await;
            "tokio::net::TcpListener::bind" => TcpListener::bind("127.0.0.1:0").await;
            "tokio::net::UdpSocket::bind" => UdpSocket::bind("127.0.0.1:0").await;
            "tokio::net::UnixListener::bind" => UnixListener::bind("\0standstill");
            "tokio::net::UnixStream::pair" => UnixStream::pair();
            "tokio::net::lookup_host" => lookup_host("localhost:80").await;
        }
    });
}

#[test]
fn files_are_refused_by_name() {
    within(120, || {
        use tokio::fs::{self, File, OpenOptions};

        refuses! {
            "tokio::fs::read_to_string" => fs::read_to_string("Cargo.toml").await;
            "tokio::fs::write" => fs::write("/proc/self/standstill/none", b"").await;
            "tokio::fs::File::open" => File::open("Cargo.toml").await;
            "tokio::fs::OpenOptions::open" => OpenOptions::new().read(true).open("Cargo.toml").await;
            "tokio::fs::read_dir" => fs::read_dir(".").await;
        }
    });
}

#[test]
fn processes_and_signals_are_refused_by_name() {
    within(120, || {
        use tokio::process::Command;
        use tokio::signal;

        refuses! {
            "tokio::process::Command::spawn" => Command::new("true").spawn();
            "tokio::process::Command::output" => Command::new("true").output().await;
            "tokio::signal::ctrl_c" => signal::ctrl_c().await;
            "tokio::signal::unix::signal" => signal::unix::signal(signal::unix::SignalKind::hangup());
        }
    });
}

#[test]
fn what_another_crate_asks_of_tokio_is_refused_as_well() {
    within(60, || {
        assert_eq!(
            refused(|| async { drop(real_tokio::net::TcpStream::connect("127.0.0.1:9").await) }),
            "tokio::net::TcpStream::connect"
        );
        // Nobody looks at what became of it.
        assert_eq!(
            refused(|| async {
                drop(tokio::spawn(async { tokio::fs::read("Cargo.toml").await }).await);
            }),
            "tokio::fs::read"
        );
    });
}

#[test]
fn a_refusal_says_what_to_do() {
    within(60, || {
        let outcome = Hunt::new("refusal").schedules(1).run(|| async {
            drop(tokio::net::TcpStream::connect("127.0.0.1:9").await);
        });
        let Verdict::Undecided(reason) = outcome.verdict else {
            panic!("{:?}", outcome.verdict);
        };
        assert_eq!(
            reason.to_string(),
            "standstill does not model `tokio::net::TcpStream::connect` in a controlled run: connect \
             the two sides by `tokio::io::duplex`, or run this with the stress engine"
        );
    });
}

#[test]
fn in_memory_pipes_are_modelled() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    within(60, || {
        crate::common::clean(100, || async {
            let (mut near, mut far) = tokio::io::duplex(1);
            let echo = tokio::spawn(async move {
                let mut byte = [0];
                while far.read(&mut byte).await.is_ok_and(|read| read > 0) {
                    far.write_all(&byte).await.expect("the other end is there");
                }
            });
            for byte in *b"pipe" {
                near.write_all(&[byte])
                    .await
                    .expect("the other end is there");
                assert_eq!(near.read_u8().await.expect("an answer"), byte);
            }
            drop(near);
            echo.await.expect("no panic");
        });
    });
}

#[test]
fn a_raw_spawn_blocking_of_another_crate_may_go_on() {
    within(60, || {
        crate::common::clean(5, || async {
            let sum = real_tokio::task::spawn_blocking(|| 1 + 1).await;
            assert_eq!(sum.expect("no panic"), 2);
        });
    });
}
