//! What is seen goes to the court, to the triggers, to the counts, and to people.

use super::World;
use super::lines;
use super::queue::{ActorId, LinkId};
use super::trace::Mark;
use crate::observe::Asker;
use bytes::Bytes;
use properties::{Fact, FactKind, Touch};
use wire::messages::ApiKey;

impl World {
    /// Shows a fact to everybody who wants it.
    pub(super) fn judge(&mut self, fact: &Fact) {
        let kind = fact.kind();
        if self.trace.records() {
            self.tell_fact(fact);
        }
        if let Fact::ProduceAnswered { error: 0, .. } = fact {
            self.stats.acked_batches += 1;
        }
        if !self.counted.has(kind) {
            return;
        }
        self.facts.saw(kind);
        self.trip(kind.name(), lines::node_of(fact));
        let before = self.court.verdicts().violations.len();
        self.court.observe(fact, self.moment(), &self.cast);
        if let Some(marker) = self.court.marker() {
            self.facts.saw_event(marker);
            self.trip(marker, lines::node_of(fact));
        }
        self.tell_violations(before);
    }

    /// Notes what was violated since there were so many violations.
    pub(super) fn tell_violations(&mut self, before: usize) {
        for violation in &self.court.verdicts().violations[before..] {
            let (id, detail) = (violation.property.id, &violation.detail);
            self.trace.note(self.now, || format!("** {id} violated ({}): {detail}", violation.kind));
        }
    }

    /// What a disk has seen since anybody looked: first what faults did to it, then what its broker did.
    pub(super) fn see_disk(&mut self, actor: ActorId) {
        let when = self.moment();
        let Some(seat) = self.cast.broker_mut(actor) else { return };
        let (touches, facts) = (seat.disk.take_touches(when), seat.disk.take_facts());
        for touch in touches {
            self.touched(touch);
        }
        for fact in facts {
            self.judge(&fact);
        }
    }

    fn touched(&mut self, touch: Touch) {
        let injected = Fact::Injected { fault: touch.fault, node: touch.node };
        self.court.ledger_mut().touch(touch);
        self.judge(&injected);
    }

    /// What the network's faults did since anybody looked.
    pub(super) fn see_network(&mut self) {
        while let Some((fault, _)) = self.net.effects.pop() {
            self.court.ledger_mut().count(fault);
        }
    }

    /// A request is handed to a broker: read along, and note if its answer is to be lost.
    pub(super) fn see_request(&mut self, actor: ActorId, link: LinkId, frame: &Bytes) {
        let Some(asker) = self.asker(link) else { return };
        self.tell_request(actor, asker, frame);
        let Some(seat) = self.cast.broker(actor) else { return };
        self.tap.request(&seat.disk, link, asker, frame);
        for fact in self.tap.take_facts() {
            self.judge(&fact);
        }
        let (Some(api_key), Some(correlation)) = (api_key(frame), number(frame, 4)) else { return };
        let Some(seat) = self.cast.broker_mut(actor) else { return };
        let mut loses = false;
        seat.losing.retain_mut(|(api, left)| {
            *left -= u32::from(*api == api_key);
            loses |= *left == 0;
            *left > 0
        });
        if let (true, Some(at)) = (loses, self.net.link_mut(link)) {
            at.lose = Some(correlation);
        }
    }

    /// An answer leaves a broker: read along; true if it is lost, and its connection with it.
    pub(super) fn see_answer(&mut self, actor: ActorId, link: LinkId, frame: &Bytes) -> bool {
        let (Some(asker), Some(seat)) = (self.asker(link), self.cast.broker(actor)) else { return false };
        self.tap.response(&seat.disk, link, asker, frame);
        for fact in self.tap.take_facts() {
            self.judge(&fact);
        }
        let doomed = self.net.link(link).and_then(|at| at.lose);
        let lost = doomed.is_some() && doomed == number(frame, 0);
        if lost {
            self.took_effect(properties::FaultKind::LostAnswer, actor);
        }
        lost
    }

    /// Who dialled a connection.
    fn asker(&self, link: LinkId) -> Option<Asker> {
        let dialler = self.net.link(link)?.ends[0].actor;
        let client = self.cast.client(dialler).map(|seat| Asker::Client(seat.id));
        client.or_else(|| self.cast.broker(dialler).map(|seat| Asker::Broker(seat.id)))
    }

    /// A broker's core states something that cannot be observed.
    pub(super) fn stated(&mut self, actor: ActorId, event: broker_core::Event) {
        let Some(node) = self.cast.broker(actor).map(|seat| seat.id) else { return };
        let name = event.name();
        self.trace.add(self.now, Mark::Event, actor, name.len() as u64);
        self.trace.bytes(name.as_bytes());
        self.watch.stated(node, &event, self.now);
        self.facts.saw_event(name);
        self.trip(name, Some(node));
        if self.counted.has(FactKind::Stated) || self.trace.records() {
            self.judge(&Fact::Stated { node, event });
        }
    }

    /// A client's core states something.
    pub(super) fn client_stated(&mut self, actor: ActorId, event: &client_core::Event) {
        let Some(client) = self.cast.client(actor).map(|seat| seat.id) else { return };
        let name = event.name();
        self.trace.add(self.now, Mark::Event, actor, name.len() as u64);
        self.trace.bytes(name.as_bytes());
        self.facts.saw_event(name);
        self.trip(name, None);
        self.tell(actor, || super::events::client(event));
        self.judge(&Fact::ClientStated { client, name });
    }

    /// Notes a line about somebody, if anybody asked for lines.
    pub(super) fn tell(&mut self, actor: ActorId, line: impl FnOnce() -> String) {
        let (cast, now) = (&self.cast, self.now);
        self.trace.note(now, || format!("{} {}", cast.name(actor), line()));
    }

    fn tell_fact(&mut self, fact: &Fact) {
        let (now, moment) = (self.now, self.moment());
        if let Some(line) = lines::fact(fact) {
            self.trace.note(now, || line);
        }
        self.trace.history(|| lines::history(fact, moment));
    }

    fn tell_request(&mut self, actor: ActorId, asker: Asker, frame: &Bytes) {
        let Some(api) = api_key(frame).filter(|_| self.trace.records()).and_then(lines::request) else { return };
        match asker {
            Asker::Client(client) => self.tell(actor, || format!("<- {} {}", lines::client(client), api.name())),
            // Followers ask all the time; what they get is told.
            Asker::Broker(_) if api == ApiKey::Fetch => {}
            Asker::Broker(node) => self.tell(actor, || format!("<- broker {node} {}", api.name())),
        }
    }
}

fn api_key(frame: &Bytes) -> Option<i16> {
    frame.first_chunk().copied().map(i16::from_be_bytes)
}

/// The four bytes at a place of a frame, as a number.
fn number(frame: &Bytes, at: usize) -> Option<i32> {
    frame.get(at..)?.first_chunk().copied().map(i32::from_be_bytes)
}
