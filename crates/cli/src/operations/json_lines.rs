//! Rows from JSON, one object a line.

use super::{Amount, Amounts, Fields, Row, RowError, push};

pub(super) fn parse(bytes: &[u8], amounts: Amounts) -> Result<Vec<Row>, RowError> {
    let mut rows = Vec::new();
    for (place, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = place + 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut fields: Fields = serde_json::from_slice(line)
            .map_err(|why| RowError::new(number, field_of(line, &why), plain(&why)))?;
        if let Some(amount) = &mut fields.amount {
            *amount = in_units(amount, amounts)
                .map_err(|problem| RowError::new(number, "amount", problem))?;
        }
        push(&mut rows, fields, number)?;
    }
    Ok(rows)
}

/// The smallest units of an amount: where amounts have decimals a text says them, for a number could be rounded.
fn in_units(amount: &Amount, amounts: Amounts) -> Result<Amount, String> {
    let units = match amount {
        Amount::Number(number) => amounts
            .whole(*number)
            .ok_or_else(|| format!("{number} is too much, with {amounts}")),
        Amount::Text(text) if amounts.scale > 0 => amounts.parse(text),
        Amount::Text(text) => {
            let shown = text.escape_debug();
            Err(format!(
                "`{shown}` is a text; whole numbers stand without quotes"
            ))
        }
    };
    units.map(Amount::Number)
}

/// Which key an error is about: the last one that begins before it. Serde says where, but not in what.
fn field_of(line: &[u8], why: &serde_json::Error) -> String {
    if !why.is_data() {
        return "row".to_owned();
    }
    // Columns count bytes from 1 and point behind what was read last.
    let until = line.get(..why.column().min(line.len())).unwrap_or(line);
    let text = String::from_utf8_lossy(until);
    let last = Fields::NAMES
        .into_iter()
        .filter_map(|name| {
            text.rfind(&format!("\"{name}\""))
                .map(|place| (place, name))
        })
        .max();
    // An unknown key is none of ours, and serde's message names it.
    match last {
        Some((_, name)) if !why.to_string().starts_with("unknown field") => name.to_owned(),
        _ => "row".to_owned(),
    }
}

/// The message without its position, which within one line means nothing to a person.
fn plain(why: &serde_json::Error) -> String {
    let text = why.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
