//! The Client: one of three roles behind the border of every state machine.

use crate::admin::Calls;
use crate::consumer::Consumer;
use crate::core::{Core, Wake};
use crate::link::Answer;
use crate::metadata::Interest;
use crate::offsets::Lookups;
use crate::producer::Producer;
use crate::token::Token;
use crate::{Config, Done, Event, Op};
use wire::{Input, Instant, Io, Node, OpId, Output, Reason, Response, Str};

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sends records.
    Producer,
    /// Reads assigned partitions.
    Consumer,
    /// Creates, deletes and describes topics.
    Admin,
}

/// Why a client wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A connection: its answer is late, or it may be dialled again.
    Connection,
    /// Metadata is too old, or may be asked for again.
    Metadata,
    /// A batch has waited for company long enough, may be tried again, or expires.
    Batch,
    /// A poll's time is over, or a partition may be tried again.
    Consumer,
    /// A call or a look-up may be tried again, or its time is over.
    Call,
}

/// A Kafka producer, consumer or admin.
#[derive(Clone, Debug)]
pub struct Client {
    role: Role,
    core: Core,
    producer: Producer,
    consumer: Consumer,
    calls: Calls,
    lookups: Lookups,
    /// The topics that metadata is asked for; a scratch list, so that most inputs allocate nothing.
    interest: Vec<Str>,
    life: Life,
    wake: Option<(Instant, Timer)>,
}

/// Whether a client still takes operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Life {
    closing: bool,
    closed: bool,
    /// Who waits for the end.
    closers: Vec<OpId>,
    /// The end halts the node.
    halts: bool,
}

impl Client {
    /// A client that has done nothing yet; it dials when its first [`Op`] comes. Every draw of it follows from the seed.
    #[must_use]
    pub fn open(role: Role, config: Config, seed: u64) -> Client {
        Client {
            role,
            core: Core::new(role, config, seed),
            producer: Producer::default(),
            consumer: Consumer::default(),
            calls: Calls::default(),
            lookups: Lookups::default(),
            interest: Vec::new(),
            life: Life::default(),
            wake: None,
        }
    }

    /// What it is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// What it was configured with, planted bugs included.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.core.config
    }

    fn op(&mut self, op: OpId, request: Op, io: &mut Io<'_, Client>) {
        if self.life.closing {
            return io.push(Output::Done(op, Done::Refused("the client is closed")));
        }
        let core = &self.core;
        match (self.role, request) {
            (_, Op::Close) => self.close(Some(op), io),
            (Role::Producer, Op::Send { topic, partition, record }) => {
                self.producer.send(op, (topic, partition), record, core, io);
            }
            (Role::Producer, Op::Flush) => self.producer.flush(op),
            (Role::Consumer, Op::Assign(partitions)) => {
                self.consumer.assign(partitions, &mut self.lookups, core);
                io.push(Output::Done(op, Done::Ok));
            }
            (Role::Consumer, Op::Seek(partition, position)) => {
                let sought = self.consumer.seek(&partition, position, &mut self.lookups, core);
                io.push(Output::Done(
                    op,
                    if sought { Done::Ok } else { Done::Refused("the partition is not assigned") },
                ));
            }
            (Role::Consumer, Op::Poll { max_records, timeout_ms }) => {
                let deadline = io.now.mono + std::time::Duration::from_millis(timeout_ms);
                self.consumer.poll(op, max_records, deadline);
            }
            (Role::Consumer | Role::Admin, Op::ListOffsets(partitions)) => self.lookups.ask(op, partitions, core, io),
            (Role::Admin, Op::CreateTopics(topics)) => self.calls.create(op, topics, core, io),
            (Role::Admin, Op::DeleteTopics(names)) => self.calls.delete(op, names, core, io),
            (Role::Admin, Op::DescribeTopics(names)) => self.calls.describe(op, names, core, io),
            _ => io.push(Output::Done(op, Done::Refused("the operation is another role's"))),
        }
    }

    /// Finishes what is pending; then the connections are closed.
    fn close(&mut self, op: Option<OpId>, io: &mut Io<'_, Client>) {
        self.life.closing = true;
        self.life.closers.extend(op);
        self.producer.close();
        self.consumer.close(io);
    }

    fn end_if_idle(&mut self, io: &mut Io<'_, Client>) {
        let idle = self.producer.is_idle() && self.consumer.is_idle() && self.calls.is_idle() && self.lookups.is_idle();
        if !self.life.closing || self.life.closed || !idle {
            return;
        }
        self.life.closed = true;
        self.core.links.close(io);
        for op in std::mem::take(&mut self.life.closers) {
            io.push(Output::Done(op, Done::Ok));
        }
        if self.life.halts {
            io.push(Output::Halt(Reason::Shutdown));
        }
    }

    fn answered(&mut self, answers: Vec<Answer<Token>>, io: &mut Io<'_, Client>) {
        for Answer { token, response } in answers {
            match token {
                Token::Metadata => self.described(response, io),
                Token::Produce(sent) => self.producer.answered(sent, response, &mut self.core, io),
                Token::Fetch(fetching) => self.consumer.answered(fetching, response, &mut self.core, io),
                Token::Check(checks) => self.consumer.checked(checks, response, &mut self.core, io),
                Token::Call(op) => self.calls.answered(op, response, &mut self.core, io),
                Token::Offsets(numbers) => {
                    for found in self.lookups.answered(numbers, response, &mut self.core, io) {
                        self.consumer.found(found, io);
                    }
                }
            }
        }
    }

    fn described(&mut self, response: Option<Response>, io: &mut Io<'_, Client>) {
        let Some(Response::Metadata(response)) = response else { return self.core.metadata.failed(io.now.mono) };
        self.core.metadata.update(response, &mut self.core.links, io);
        self.consumer.described(&mut self.lookups, &self.core);
        self.producer.tidy(&mut self.core);
    }

    /// Does everything that is due, and notes when something will be next.
    fn pump(&mut self, io: &mut Io<'_, Client>) {
        self.end_if_idle(io);
        if self.life.closed {
            self.wake = None;
            return;
        }
        self.core.links.begin();
        match self.role {
            Role::Producer => self.producer.pump(&mut self.core, io),
            Role::Consumer => self.consumer.pump(&mut self.lookups, &mut self.core, io),
            Role::Admin => self.calls.pump(&mut self.core, io),
        }
        self.lookups.pump(&mut self.core, io);
        self.ask_for_metadata(io);
        self.end_if_idle(io);
        self.wake = if self.life.closed { None } else { self.soonest(io) };
    }

    fn ask_for_metadata(&mut self, io: &mut Io<'_, Client>) {
        self.interest.clear();
        self.interest
            .extend(self.producer.topics().chain(self.consumer.topics()).chain(self.lookups.topics()).cloned());
        self.interest.sort_unstable();
        self.interest.dedup();
        let Client { core, interest, role, .. } = self;
        core.metadata.pump(&mut core.links, interest_of(interest, *role, &core.config), io);
    }

    fn soonest(&self, io: &Io<'_, Client>) -> Option<(Instant, Timer)> {
        let mut wake = Wake::new(io.now.mono);
        wake.at(self.core.links.deadline(), Timer::Connection);
        let interest = interest_of(&self.interest, self.role, &self.core.config);
        wake.at(self.core.metadata.deadline(interest), Timer::Metadata);
        self.producer.wake(&self.core, &mut wake);
        self.consumer.wake(&mut wake);
        self.calls.wake(&mut wake);
        self.lookups.wake(&mut wake);
        wake.soonest()
    }
}

/// Kafka's producer always lets a broker create the topics that it sends to; an admin never does.
fn interest_of<'a>(topics: &'a [Str], role: Role, config: &Config) -> Interest<'a> {
    let may_create = match role {
        Role::Producer => true,
        Role::Consumer => config.allow_auto_create_topics,
        Role::Admin => false,
    };
    Interest { topics, may_create }
}

impl Node for Client {
    type Op = Op;
    type Done = Done;
    type Event = Event;
    type Timer = Timer;
    type Disk = ();

    fn handle(&mut self, input: Input<Op>, io: &mut Io<'_, Client>) {
        match input {
            Input::Op(op, request) => self.op(op, request, io),
            Input::Frame(conn, bytes) => {
                let answers = self.core.links.frame(conn, &bytes, io);
                self.answered(answers, io);
            }
            Input::Closed(conn) => {
                let answers = self.core.links.lost(conn, io);
                self.answered(answers, io);
            }
            Input::Shutdown => {
                self.life.halts = true;
                self.close(None, io);
            }
            Input::Timeout => {}
            Input::Accepted(..) | Input::Synced(..) | Input::Read(..) => return,
        }
        let late = self.core.links.expire(io);
        self.answered(late, io);
        self.pump(io);
    }

    fn next_timeout(&self) -> Option<(Instant, Timer)> {
        self.wake
    }
}
