//! An exchange whose messages take two ways.

use std::ops::Range;
use std::sync::Arc;

use super::header::{Announced, announced, header};
use super::{Limits, Wire, WireThread};
use crate::{Engine, Job, Messages, Result, Sent};

/// Gives every rank its message; returns those of all.
///
/// # Errors
/// What control and wire say.
pub(super) fn exchange<W: Wire>(
    control: &mut dyn Engine,
    wire: &WireThread<W>,
    mut sent: Sent,
    limits: Limits,
) -> Result<Messages> {
    let here = control.rank();
    let own = match &mut sent {
        Sent::All(message) => message.clone(),
        Sent::Each(messages) => std::mem::take(&mut messages[here]),
    };
    let told = |message: &Vec<u8>| header(message, limits.long);
    control.begin(match &sent {
        Sent::All(message) => Sent::All(told(message)),
        Sent::Each(messages) => Sent::Each(messages.iter().map(told).collect()),
    })?;
    let mut lengths = Vec::new();
    let mut messages = Messages::new();
    for (rank, told) in control.finish()?.into_iter().enumerate() {
        let (message, length) = match announced(rank, told)? {
            _ if rank == here => (Vec::new(), 0),
            Announced::Short(message) => (message, 0),
            Announced::Long(length) => (Vec::new(), length),
        };
        messages.push(message);
        lengths.push(length);
    }
    add_long(control, wire, (sent, limits), (&lengths, &mut messages))?;
    messages[here] = own;
    Ok(messages)
}

/// Sends the long messages, and fills those of the other ranks, which have these lengths: piece by piece.
fn add_long<W: Wire>(
    control: &mut dyn Engine,
    wire: &WireThread<W>,
    (sent, limits): (Sent, Limits),
    (lengths, messages): (&[usize], &mut Messages),
) -> Result<()> {
    let here = control.rank();
    let long = |rank: usize| {
        let length = sent.to(rank).len();
        if rank != here && length >= limits.long { length } else { 0 }
    };
    let own_lengths: Vec<usize> = (0..lengths.len()).map(long).collect();
    let longest = own_lengths.iter().chain(lengths).copied().max().unwrap_or_default();
    let sent = Arc::new(sent);
    for begin in (0..longest).step_by(limits.piece) {
        let piece = |&length: &usize| begin.min(length)..(begin + limits.piece).min(length);
        let outgoing: Vec<Range<usize>> = own_lengths.iter().map(piece).collect();
        let awaited: Vec<usize> = lengths.iter().map(|length| piece(length).len()).collect();
        let (sent, expected) = (Arc::clone(&sent), awaited.clone());
        let pieces = wire.ask(control, move |wire| {
            let wire = wire.as_mut().ok_or_else(|| "it is not open".to_owned())?;
            let outgoing = outgoing.into_iter().enumerate();
            let pieces: Vec<&[u8]> = outgoing.map(|(rank, piece)| &sent.to(rank)[piece]).collect();
            wire.transfer(&pieces, &awaited)
        })?;
        for (rank, piece) in pieces.into_iter().enumerate() {
            Job::check_length(rank, "a long message", piece.len(), expected[rank])?;
            if begin == 0 && expected[rank] > 0 {
                messages[rank] = piece;
            } else {
                messages[rank].extend(piece);
            }
        }
    }
    Ok(())
}
