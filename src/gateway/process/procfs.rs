//! `/proc`, as proc(5) describes it. A process may end between two reads, so nothing here can be relied on to be there.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Clock ticks a second in `stat`: 100 on every architecture that Linux runs on today.
const TICKS: f64 = 100.0;
/// A socket that listens, in `/proc/net/tcp`.
const LISTEN: &str = "0A";
/// Processes that are looked at, at most.
const PROCESSES: usize = 4096;

/// A process: its number and when it began, as numbers are given out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pid {
    number: u32,
    began: u64,
}

impl Pid {
    pub(super) fn number(self) -> u32 {
        self.number
    }
}

pub(super) struct Procfs {
    root: PathBuf,
}

/// Of `stat`: what is needed.
struct Stat {
    parent: u32,
    ticks: u64,
    threads: u64,
    began: u64,
}

impl Procfs {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The processes that have a socket listening at one of `addresses`, or at all addresses and that port.
    pub(super) fn listeners(&self, addresses: &[SocketAddr]) -> Vec<u32> {
        let inodes: HashSet<String> = ["tcp", "tcp6"]
            .iter()
            .filter_map(|name| fs::File::open(self.root.join("self/net").join(name)).ok())
            .flat_map(|table| listening(BufReader::new(table), addresses))
            .map(|inode| format!("socket:[{inode}]"))
            .collect();
        if inodes.is_empty() {
            return Vec::new();
        }
        let has = |number: &u32| {
            let descriptors = fs::read_dir(self.root.join(number.to_string()).join("fd"));
            let links =
                descriptors.into_iter().flatten().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
            links.into_iter().any(|link| link.to_str().is_some_and(|link| inodes.contains(link)))
        };
        let own = std::process::id();
        self.all().into_iter().filter(|number| *number != own && has(number)).collect()
    }

    /// `roots` and their descendants.
    pub(super) fn family(&self, roots: &[u32]) -> Vec<Pid> {
        if roots.is_empty() {
            return Vec::new();
        }
        let stats: HashMap<u32, Stat> =
            self.all().into_iter().filter_map(|number| Some((number, self.stat(number)?))).collect();
        let own = std::process::id();
        let belongs = |number: u32| {
            let mut at = number;
            // No line of ancestors is longer than there are processes.
            for _ in 0..stats.len() {
                if roots.contains(&at) {
                    return true;
                }
                match stats.get(&at) {
                    Some(stat) if stat.parent != 0 && at != own => at = stat.parent,
                    _ => return false,
                }
            }
            false
        };
        let family = stats.iter().filter(|(number, _)| **number != own && belongs(**number));
        family.map(|(number, stat)| Pid { number: *number, began: stat.began }).collect()
    }

    /// Bytes of memory: its share of what it shares with others where the kernel tells, else all that is resident.
    pub(super) fn memory(&self, pid: &Pid) -> Option<u64> {
        let folder = self.folder(pid);
        let share = fs::read_to_string(folder.join("smaps_rollup")).ok().and_then(|text| kibibytes(&text, "Pss:"));
        share.or_else(|| kibibytes(&fs::read_to_string(folder.join("status")).ok()?, "VmRSS:"))
    }

    pub(super) fn threads(&self, pid: &Pid) -> Option<u64> {
        self.stat(pid.number).map(|stat| stat.threads)
    }

    pub(super) fn cpu_seconds(&self, pid: &Pid) -> Option<f64> {
        self.stat(pid.number).filter(|stat| stat.began == pid.began).map(|stat| stat.ticks as f64 / TICKS)
    }

    pub(super) fn open_fds(&self, pid: &Pid) -> Option<u64> {
        Some(fs::read_dir(self.folder(pid).join("fd")).ok()?.count() as u64)
    }

    fn folder(&self, pid: &Pid) -> PathBuf {
        self.root.join(pid.number.to_string())
    }

    fn all(&self) -> Vec<u32> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).take(PROCESSES).collect()
    }

    /// A command may hold blanks and parentheses, so fields are counted from the last one.
    fn stat(&self, number: u32) -> Option<Stat> {
        let text = fs::read_to_string(self.root.join(number.to_string()).join("stat")).ok()?;
        let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_ascii_whitespace().collect();
        let field = |at: usize| fields.get(at - 3)?.parse::<u64>().ok();
        Some(Stat { parent: field(4)? as u32, ticks: field(14)? + field(15)?, threads: field(20)?, began: field(22)? })
    }
}

/// The inodes of those in a `/proc/net/tcp` that listen at one of `addresses`. They come first (the kernel's
/// `Documentation/networking/proc_net_tcp.rst`); what follows, and is not read, may be a hundred thousand connections.
fn listening(table: impl BufRead, addresses: &[SocketAddr]) -> Vec<String> {
    let sockets = table.lines().skip(1).map_while(|line| Socket::parse(&line.ok()?)).take_while(|it| it.listens);
    let is = |socket: &Socket, at: &SocketAddr| {
        socket.port == at.port() && (socket.address.is_unspecified() || socket.address == at.ip().to_canonical())
    };
    sockets.filter(|socket| addresses.iter().any(|at| is(socket, at))).map(|socket| socket.inode).collect()
}

/// A line of `/proc/net/tcp`.
struct Socket {
    address: IpAddr,
    port: u16,
    listens: bool,
    inode: String,
}

impl Socket {
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[_, local, _, state, _, _, _, _, _, inode, ..] = fields.as_slice() else { return None };
        let (address, port) = local.split_once(':')?;
        let (address, port) = (hex(address)?.to_canonical(), u16::from_str_radix(port, 16).ok()?);
        Some(Self { address, port, listens: state == LISTEN, inode: inode.to_owned() })
    }
}

/// An address as the kernel writes it: words of four bytes, each in the byte order of the machine.
fn hex(text: &str) -> Option<IpAddr> {
    let words: Option<Vec<u8>> = (0..text.len() / 8)
        .map(|at| u32::from_str_radix(text.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes))
        .try_fold(Vec::new(), |bytes, word| Some([bytes, word?.to_vec()].concat()));
    let bytes = words?;
    let four = <[u8; 4]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    four.or_else(|_| <[u8; 16]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)))).ok()
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn connections_are_not_read() {
        let line = |nth: usize, state: &str| {
            format!("{nth:4}: 0100007F:1F90 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {nth} 1\n")
        };
        let mut table = String::from("  sl  local_address rem_address   st\n") + &line(7, LISTEN) + &line(8, LISTEN);
        (9..1000).for_each(|nth| table += &line(nth, "01"));
        let mut table = Cursor::new(table);
        assert_eq!(listening(&mut table, &["127.0.0.1:8080".parse().unwrap()]), ["7", "8"]);
        assert!(table.position() < 500, "{}", table.position());
        table.set_position(0);
        assert_eq!(listening(&mut table, &["127.0.0.1:8081".parse().unwrap()]), [""; 0]);
    }
}
