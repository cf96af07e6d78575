//! `--trace`: what the cores say through `tracing`, with virtual time and node in front.

use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Prints everything from here on. The World opens a span around each input, whose fields say when and who.
pub(crate) fn install() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(std::io::stdout)
        .event_format(VirtualTime)
        .finish();
    // A second subscriber cannot be there: `main` installs one at most.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// `[   1.234567] broker 1: level target: message`.
struct VirtualTime;

impl<S, N> FormatEvent<S, N> for VirtualTime
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                write!(writer, "[{fields}] ")?;
            }
        }
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
