//! Values on the command line: their forms, parsers and tests stand together.

use std::ops::Range;
use std::time::Duration;

/// `A..B`, B not included; `N` alone is one seed.
pub(crate) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("`{text}` is not a range of seeds: write A..B (B not included) or one number");
    let number = |part: &str| part.parse::<u64>().map_err(|_| wrong());
    match text.split_once("..") {
        Some((start, end)) => Some(number(start)?..number(end)?).filter(|range| !range.is_empty()).ok_or_else(wrong),
        None => {
            let seed = number(text)?;
            Ok(seed..seed.checked_add(1).ok_or_else(wrong)?)
        }
    }
}

/// `500ms`, `60s`, `10m`, `1h`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration: write 500ms, 60s, 10m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let millis = match &text[digits..] {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis).filter(|&millis| millis > 0).map(Duration::from_millis).ok_or_else(wrong)
}

/// A scenario by name.
pub(crate) fn scenario(name: &str) -> Result<String, String> {
    if scenarios::by_name(name).is_some() {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = scenarios::all().iter().map(|scenario| scenario.name).collect();
    Err(format!("there is no scenario `{name}`; there are {}", names.join(", ")))
}

/// A planted bug's id.
pub(crate) fn bug(id: &str) -> Result<String, String> {
    if !cfg!(feature = "bugs") {
        return Err("this binary was built without planted bugs: build it with `--features bugs`".to_owned());
    }
    let ids = sim::planted_ids();
    if ids.contains(&id) {
        Ok(id.to_owned())
    } else {
        Err(format!("`{id}` is not planted; there are {}", ids.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_seeds() {
        assert_eq!(seeds("3..9"), Ok(3..9));
        assert_eq!(seeds("7"), Ok(7..8));
        for wrong in ["", "9..3", "3..3", "a..b", "1...4", "-1", "18446744073709551615"] {
            assert!(seeds(wrong).unwrap_err().contains("A..B"), "{wrong}");
        }
    }

    #[test]
    fn durations() {
        for (text, millis) in [("500ms", 500), ("60s", 60_000), ("45", 45_000), ("10m", 600_000), ("1h", 3_600_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)));
        }
        for wrong in ["", "s", "0s", "5 s", "1d", "99999999999999999999s", "-5s"] {
            assert!(duration(wrong).unwrap_err().contains("60s"), "{wrong}");
        }
    }
}
