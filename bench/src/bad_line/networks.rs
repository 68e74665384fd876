//! Two networks of this machine's kernel, and the bad line between them: a program that carries IP
//! packets from one TUN device to the other, so that the real TCP meets real loss.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use tun_rs::{DeviceBuilder, SyncDevice};

use super::air::{Air, Quality};
use super::packet::{self, Flow, Segment};

/// Bytes of the largest packet.
const MTU: usize = 1500;

/// The address of the end with that number, and of both together.
const ADDRESSES: [&str; 2] = ["10.77.0.1", "10.77.0.2"];

/// Packets of the two directions are not lost together.
const SEEDS: [u64; 2] = [1, 2];

/// The networks and the line; they go with it.
#[derive(Debug)]
pub(super) struct Networks {
    names: [String; 2],
    line: Arc<Line>,
}

/// What both directions share.
#[derive(Debug, Default)]
struct Line {
    cut: AtomicBool,
    /// Connections that began since the line was cut last. Like a box that translates addresses, it
    /// answers to all others that there is no such connection.
    flows: Mutex<BTreeSet<Flow>>,
    /// When the last of them began.
    began: Mutex<Option<SystemTime>>,
    /// Bytes of IP that have arrived, by the end at which.
    arrived: [AtomicU64; 2],
    /// Bytes of IP that were sent, by the end from which.
    sent: [AtomicU64; 2],
}

impl Networks {
    /// Two networks; TCP follows that rule of congestion in both, or the machine's own.
    pub(super) fn create(quality: Quality, congestion: Option<&str>) -> Result<Self> {
        let own = std::process::id();
        let names = ["a", "b"].map(|end| format!("phaki-{own}-{end}"));
        let networks = Self {
            names,
            line: Arc::default(),
        };
        let devices = [0, 1].map(|end| networks.open(end, congestion).map(Arc::new));
        let [first, second] = devices;
        let devices = [first?, second?];
        for from in [0, 1] {
            let air = Air::new(quality, SEEDS[from]);
            carry(&networks.line, &devices, from, air);
        }
        Ok(networks)
    }

    fn open(&self, end: usize, congestion: Option<&str>) -> Result<SyncDevice> {
        let (network, device) = (&self.names[end], format!("phaki{end}"));
        ip(&["netns", "add", network])?;
        // Made here, so that this program holds it, and then put into the network.
        let name = format!("ph{}-{end}", std::process::id());
        let tun = DeviceBuilder::new().name(&name).build_sync();
        let tun = tun.context("make a TUN device: this needs root")?;
        ip(&["link", "set", &name, "netns", network, "name", &device])?;
        let address = format!("{}/24", ADDRESSES[end]);
        ip(&["-n", network, "address", "add", &address, "dev", &device])?;
        ip(&["-n", network, "link", "set", "lo", "up"])?;
        ip(&["-n", network, "link", "set", &device, "up"])?;
        if let Some(rule) = congestion {
            let setting = format!("net.ipv4.tcp_congestion_control={rule}");
            ip(&["netns", "exec", network, "sysctl", "-q", "-w", &setting])?;
        }
        // What the kernel learnt of one connection must not help the next one.
        let setting = "net.ipv4.tcp_no_metrics_save=1";
        ip(&["netns", "exec", network, "sysctl", "-q", "-w", setting])?;
        Ok(tun)
    }

    /// A line of shell after which a program runs in the network of that end.
    pub(super) fn inside(&self, end: usize) -> String {
        format!("exec ip netns exec {} \"$0\" \"$@\"", self.names[end])
    }

    pub(super) fn address(end: usize) -> &'static str {
        ADDRESSES[end]
    }

    /// Nothing passes any more, and all connections are forgotten.
    pub(super) fn cut(&self) {
        self.line.cut.store(true, Ordering::SeqCst);
        self.line.flows.lock().unwrap().clear();
    }

    pub(super) fn restore(&self) {
        self.line.cut.store(false, Ordering::SeqCst);
    }

    /// When the last connection began: its first packet passed.
    pub(super) fn connection_began(&self) -> Option<SystemTime> {
        *self.line.began.lock().unwrap()
    }

    /// Bytes of IP that have arrived at that end.
    pub(super) fn arrived(&self, end: usize) -> u64 {
        self.line.arrived[end].load(Ordering::SeqCst)
    }

    /// Bytes of IP that this end has sent while the line was there.
    pub(super) fn sent(&self, end: usize) -> u64 {
        self.line.sent[end].load(Ordering::SeqCst)
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        for name in &self.names {
            // The devices go with their networks, and with them the threads.
            ip(&["netns", "delete", name]).ok();
        }
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(arguments).output();
    let output = output.context("run ip, of the package iproute2")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "ip {}: {said}",
        arguments.join(" ")
    );
    Ok(())
}

/// Carries packets from one end to the other, on two threads, until a device is gone.
fn carry(line: &Arc<Line>, devices: &[Arc<SyncDevice>; 2], from: usize, mut air: Air) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    let (shared, source) = (Arc::clone(line), Arc::clone(&devices[from]));
    std::thread::spawn(move || {
        let mut buffer = [0; MTU];
        while let Ok(length) = source.recv(&mut buffer) {
            let packet = &buffer[..length];
            if shared.cut.load(Ordering::SeqCst) || !shared.passes(&source, packet) {
                continue;
            }
            let bytes = u64::try_from(length).unwrap();
            shared.sent[from].fetch_add(bytes, Ordering::SeqCst);
            if let Some(at) = air.arrival(Instant::now(), length)
                && sender.send((at, packet.to_vec())).is_err()
            {
                return;
            }
        }
    });
    let (shared, target) = (Arc::clone(line), Arc::clone(&devices[1 - from]));
    std::thread::spawn(move || {
        while let Ok((at, packet)) = receiver.recv() {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if shared.cut.load(Ordering::SeqCst) {
                continue;
            }
            let bytes = u64::try_from(packet.len()).unwrap();
            shared.arrived[1 - from].fetch_add(bytes, Ordering::SeqCst);
            if target.send(&packet).is_err() {
                return;
            }
        }
    });
}

impl Line {
    /// Whether a packet belongs to a connection that is known; if not, its sender is told.
    fn passes(&self, source: &SyncDevice, packet: &[u8]) -> bool {
        let Some(segment) = Segment::of(packet) else {
            return false;
        };
        let mut flows = self.flows.lock().unwrap();
        if segment.begins() {
            flows.insert(segment.flow);
            *self.began.lock().unwrap() = Some(SystemTime::now());
        }
        let known = flows.contains(&segment.flow);
        drop(flows);
        if !known
            && !segment.ends()
            && let Some(answer) = packet::reset(packet)
        {
            // A device that is gone ends the thread at its next packet.
            source.send(&answer).ok();
        }
        known
    }
}
