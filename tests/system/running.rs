//! Child processes that never outlive their test.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long anything may take to come up or to show what is waited for, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A started program: killed when dropped, what it prints kept.
pub(crate) struct Running {
    child: Child,
    name: String,
    printed: Arc<Mutex<String>>,
}

impl Running {
    /// Starts one of our binaries by name.
    pub(crate) fn ours(name: &str, arguments: &[&str]) -> Running {
        Running::start(&binary(name), arguments)
    }

    /// Starts a program by path, or by name on PATH.
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Running {
        Running::spawn(program, arguments, Stdio::null())
    }

    /// The same, with an input to [`say`](Running::say) something on.
    pub(crate) fn with_input(program: &Path, arguments: &[&str]) -> Running {
        Running::spawn(program, arguments, Stdio::piped())
    }

    fn spawn(program: &Path, arguments: &[&str], input: Stdio) -> Running {
        let name = program.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e} (ci/test builds and installs what is needed)", program.display()));
        let printed = Arc::new(Mutex::new(String::new()));
        keep(child.stdout.take().unwrap(), printed.clone());
        keep(child.stderr.take().unwrap(), printed.clone());
        Running { child, name, printed }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its input.
    pub(crate) fn say(&mut self, text: &str) {
        std::io::Write::write_all(self.child.stdin.as_mut().unwrap(), text.as_bytes()).unwrap();
    }

    /// What it printed so far, both streams.
    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// Waits until `find` sees something in what it printed.
    pub(crate) fn wait_for<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find(&self.printed()) {
                return found;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{} ended ({status}) before {what}:\n{}", self.name, self.printed());
            }
            assert!(Instant::now() < end, "{}: no {what} in:\n{}", self.name, self.printed());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The address under which one of our services says that it listens.
    pub(crate) fn url(&mut self) -> String {
        self.wait_for("address", |printed| {
            let line = printed.lines().find(|l| l.contains("listening"))?;
            let start = line.find("http://")?;
            Some(line[start..].split(['"', ' ']).next()?.to_owned())
        })
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success(), "{} is gone", self.name);
    }

    /// Waits for the end and says whether it was a success.
    pub(crate) fn wait(&mut self) -> bool {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            assert!(Instant::now() < end, "{} does not end:\n{}", self.name, self.printed());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {} printed:\n{}", self.name, self.printed());
        }
    }
}

fn keep(stream: impl Read + Send + 'static, to: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            to.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}

/// The path of one of our binaries: beside this test's own folder.
pub(crate) fn binary(name: &str) -> PathBuf {
    let me = std::env::current_exe().unwrap();
    me.parent().and_then(Path::parent).unwrap().join(name)
}

/// Runs a program to its end with a text on standard input; success, standard output, standard error.
pub(crate) fn run(program: &Path, arguments: &[&str], input: &[u8]) -> (bool, String, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // Whoever has seen enough may close its input.
        let _ = std::io::Write::write_all(&mut stdin, &input);
    });
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (out.status.success(), text(out.stdout), text(out.stderr))
}

/// A free port for a peer that can't be told to choose one.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
