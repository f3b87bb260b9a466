//! Printed stacks of programs that were built in different ways.

use super::stack::{Asker, asker, of_place, part};

#[test]
fn a_stack_tells_the_function_that_was_called() {
    let stack = "   0: std::backtrace::Backtrace::create\n   1: standstill_tokio::driver::refused::explained\n\
                 \x20  9: tokio::runtime::driver::Handle::io\n             at /tokio/src/runtime/driver.rs:103:18\n\
                 \x20 10: tokio::net::tcp::stream::TcpStream::new\n\
                 \x20 11: tokio::net::tcp::stream::TcpStream::connect_addr::{{closure}}\n\
                 \x20 12: tokio::net::tcp::stream::TcpStream::connect::{{closure}}\n\
                 \x20 13: <core::pin::Pin<P> as core::future::future::Future>::poll\n\
                 \x20 14: app::dial::{{closure}}\n  15: tokio::net::later\n";
    assert_eq!(
        part(stack).as_deref(),
        Some("tokio::net::TcpStream::connect")
    );
    for (frame, name) in [
        (
            "tokio::fs::read_to_string::read_to_string::{{closure}}",
            "tokio::fs::read_to_string",
        ),
        (
            "tokio::fs::file::File::open::{{closure}}",
            "tokio::fs::File::open",
        ),
        (
            "tokio::fs::file::File::open<&str>::{async_fn#0}",
            "tokio::fs::File::open",
        ),
        (
            "<tokio::fs::file::File as tokio::io::async_write::AsyncWrite>::poll_write",
            "tokio::fs::File::poll_write",
        ),
        (
            "tokio::net::addr::<impl tokio::net::addr::sealed::ToSocketAddrsPriv for str>::to_socket_addrs",
            "tokio::net::ToSocketAddrs",
        ),
        (
            "tokio::signal::ctrl_c::ctrl_c::{{closure}}",
            "tokio::signal::ctrl_c",
        ),
        ("tokio::signal::unix::signal", "tokio::signal::unix::signal"),
        (
            "tokio::process::Command::output",
            "tokio::process::Command::output",
        ),
        (
            "tokio::net::unix::listener::UnixListener::bind",
            "tokio::net::UnixListener::bind",
        ),
    ] {
        let stack = format!("   7: {frame}\n   8: app::main\n");
        assert_eq!(part(&stack).as_deref(), Some(name));
    }
    assert_eq!(part("   7: tokio::task::spawn\n"), None);
}

/// A stack that asks the blocking pool for a thread, with line tables only. `outer` are its outer
/// functions.
fn with_lines(outer: &[(&str, &str)]) -> String {
    let tokio = "/registry/tokio-1.54.1/src";
    let inner = [
        ("spawn_thread", "@/runtime/blocking/pool.rs:514:55"),
        (
            "spawn_blocking<app::{closure_env#0}, u8>",
            "@/runtime/handle.rs:239:39",
        ),
    ];
    let mut stack = String::new();
    for (number, (name, place)) in inner.iter().chain(outer).enumerate() {
        let place = place.replace('@', tokio);
        stack.push_str(&format!("  {number}: {name}\n             at {place}\n"));
    }
    stack
}

const POOL: (&str, &str) = (
    "spawn_blocking<app::{closure_env#0}, u8>",
    "@/runtime/blocking/pool.rs:244:8",
);
const APP: (&str, &str) = ("{async_block#1}", "./src/main.rs:14:87");

#[test]
fn lines_alone_tell_what_was_asked_for() {
    let asked = |file: &str| asker(&with_lines(&[POOL, ("{async_fn#0}<&str>", file), APP]));
    for (file, name) in [
        ("@/fs/read_to_string.rs:29:53", "tokio::fs::read_to_string"),
        ("@/fs/file.rs:148:30", "tokio::fs::File"),
        ("@/fs/mod.rs:328:11", "tokio::fs"),
        ("@/net/addr.rs:182:48", "tokio::net::ToSocketAddrs"),
    ] {
        assert_eq!(asked(file), Asker::Part(name.to_owned()));
    }
    // A file of the same name in the program itself.
    assert_eq!(asked("./src/fs/file.rs:148:30"), Asker::Unknown);
}

#[test]
fn a_raw_spawn_blocking_is_known_by_what_it_was_called_through() {
    let task = ("spawn_blocking<u8>", "@/task/blocking.rs:225:9");
    assert_eq!(asker(&with_lines(&[POOL, task, APP])), Asker::Other);
    assert_eq!(asker(&with_lines(&[APP])), Asker::Other);
    let names = "  1: tokio::runtime::blocking::pool::spawn_blocking\n  \
                 2: tokio::task::blocking::spawn_blocking\n  3: app::main\n";
    assert_eq!(asker(names), Asker::Other);
}

#[test]
fn what_was_compiled_into_its_caller_is_not_taken_for_absent() {
    let names = "  1: tokio::runtime::blocking::pool::Spawner::spawn_thread\n  \
                 2: tokio::runtime::blocking::pool::spawn_blocking\n  3: app::main\n";
    assert_eq!(asker(names), Asker::Unknown);
    assert_eq!(asker("   0: <unknown>\n   1: <unknown>\n"), Asker::Unknown);
}

#[test]
fn the_place_of_a_panic_tells_the_part() {
    for (file, part) in [
        (
            "/r/tokio-1.54.1/src/net/tcp/stream.rs",
            Some("tokio::net::TcpStream"),
        ),
        (
            "vendor/tokio/src/process/unix/pidfd_reaper.rs",
            Some("tokio::process::Command"),
        ),
        ("/r/tokio-1.54.1/src/signal/unix.rs", Some("tokio::signal")),
        ("/r/tokio-util-0.7.0/src/net/tcp/stream.rs", None),
        ("src/main.rs", None),
    ] {
        assert_eq!(of_place(file).as_deref(), part);
    }
}
