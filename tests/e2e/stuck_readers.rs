//! Clients that stop reading.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use crate::harness::raw::{Connection, UPGRADE};
use crate::harness::road::{Road, Settings};
use crate::harness::wait;

const SWITCHED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

#[test]
fn a_client_that_stops_reading_blocks_its_own_direction_alone() {
    const UPLOAD: usize = 8 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let road = Road::start(&Settings::to(listener.local_addr().expect("it listens")));
    let (uploaded, uploads) = mpsc::channel();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let uploaded = uploaded.clone();
            std::thread::spawn(move || {
                client.write_all(SWITCHED).expect("it takes the answer");
                let mut writer = client.try_clone().expect("a handle");
                // Floods until nobody takes it any more, one frame of 64 KiB after another.
                std::thread::spawn(move || {
                    let frame = [&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0][..], &[7; 65_536]].concat();
                    while writer.write_all(&frame).is_ok() {}
                });
                let (mut buffer, mut got) = (vec![0; 65_536], 0);
                while let Ok(count @ 1..) = client.read(&mut buffer) {
                    got += count;
                    if got >= UPLOAD && uploaded.send(()).is_err() {
                        break;
                    }
                }
            });
        }
    });

    let mut stuck: Vec<Connection> = (0..50)
        .map(|_| {
            let mut connection = Connection::open(road.ingress);
            connection.send(UPGRADE);
            connection.head();
            connection
        })
        .collect();
    // What the sockets take is taken; from here on nothing of it moves.
    let moved = || road.metrics().get("outrider_relayed_bytes_total{direction=\"outbound\"}").unwrap_or_default();
    let mut last = moved();
    wait::until("the flood to stand", || {
        std::thread::yield_now();
        std::mem::replace(&mut last, moved()).eq(&last).then_some(())
    });
    let before = road.process.memory_kib("VmRSS");

    // Its other direction is free.
    let frame = [&[0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &[1; 65_536]].concat();
    for _ in 0..UPLOAD / frame.len() + 1 {
        stuck[0].send(&frame);
    }
    uploads.recv_timeout(wait::PATIENCE).expect("the upload arrives");
    // So is every other connection.
    let mut other = Connection::open(road.ingress);
    other.send(UPGRADE);
    other.head();
    assert_eq!(other.exactly(4 << 20).len(), 4 << 20);
    let grown = road.process.memory_kib("VmRSS").saturating_sub(before);
    assert!(grown < 2048, "{grown} KiB more while fifty clients read nothing");
    assert!(before < 80 * 1024, "{before} KiB with fifty clients that read nothing");
}
