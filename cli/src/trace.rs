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
        .log_internal_errors(false)
        .event_format(VirtualTime)
        .finish();
    // A second subscriber cannot be there: `main` installs one at most.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// `[   1.234567] broker 1: message fields`.
struct VirtualTime;

impl<S, N> FormatEvent<S, N> for VirtualTime
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let span = context.lookup_current();
        let fields = span.as_ref().and_then(|span| Some(span.extensions().get::<FormattedFields<N>>()?.fields.clone()));
        writer.write_str(&prefix(fields.as_deref().unwrap_or_default()))?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Who and when, from the fields of a span.
fn prefix(fields: &str) -> String {
    let field = |name: &str| fields.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let us: u64 = field("vt_us").and_then(|us| us.parse().ok()).unwrap_or(0);
    let time = format!("[{:>4}.{:06}] ", us / 1_000_000, us % 1_000_000);
    match (field("node"), field("client")) {
        (Some(node), _) => format!("{time}broker {node}: "),
        (None, Some(client)) => format!("{time}client {client}: "),
        (None, None) => time,
    }
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn lines_begin_with_virtual_time_and_node() {
        assert_eq!(prefix("vt_us=1234567 node=1"), "[   1.234567] broker 1: ");
        assert_eq!(prefix("vt_us=20 client=3"), "[   0.000020] client 3: ");
        assert_eq!(prefix(""), "[   0.000000] ");
    }
}
