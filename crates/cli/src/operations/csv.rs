//! Rows from comma-separated values.

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::{Fields, Row, RowError, push};
use crate::scenario::Time;

/// A column of the file, by the field it fills.
type Column = &'static str;

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Row>, RowError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .comment(Some(b'#'))
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut columns: Option<Vec<Column>> = None;
    let mut rows = Vec::new();
    loop {
        let more = reader.read_byte_record(&mut record).map_err(|why| {
            let line = why.position().map_or(1, csv::Position::line);
            RowError::new(number(line), "row", why)
        })?;
        if !more {
            break;
        }
        let line = record
            .position()
            .map_or(1, |position| line_of(bytes, position));
        match &columns {
            None => columns = Some(header(&record, line)?),
            Some(columns) => push(&mut rows, fields(&record, columns, line)?, line)?,
        }
    }
    match columns {
        Some(_) => Ok(rows),
        None => Err(RowError::new(
            1,
            "header",
            "is missing: the first line names the columns, `who,what,…`",
        )),
    }
}

/// The line a record begins at: the reader's position is where it began to look, before empty lines and comments.
fn line_of(bytes: &[u8], position: &csv::Position) -> usize {
    let mut line = number(position.line());
    let begin = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let mut rest = bytes.get(begin..).unwrap_or_default();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (first, behind) = rest.split_at(end + 1);
        if !first.trim_ascii().is_empty() && first.first() != Some(&b'#') {
            break;
        }
        line += 1;
        rest = behind;
    }
    line
}

fn number(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

fn header(record: &ByteRecord, line: usize) -> Result<Vec<Column>, RowError> {
    let mut columns: Vec<Column> = Vec::new();
    for (place, field) in record.iter().enumerate() {
        // A spreadsheet puts a byte order mark in front of the first column.
        let field = if place == 0 {
            field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field)
        } else {
            field
        };
        let shown = String::from_utf8_lossy(field).escape_debug().to_string();
        let Some(column) = Fields::NAMES
            .into_iter()
            .find(|name| name.as_bytes() == field)
        else {
            let known = Fields::NAMES.join(", ");
            return Err(RowError::new(
                line,
                "header",
                format!("`{shown}` is no column; there are {known}"),
            ));
        };
        if columns.contains(&column) {
            return Err(RowError::new(
                line,
                "header",
                format!("`{shown}` stands there twice"),
            ));
        }
        columns.push(column);
    }
    for needed in ["who", "what"] {
        if !columns.contains(&needed) {
            return Err(RowError::new(
                line,
                "header",
                format!("column `{needed}` is missing"),
            ));
        }
    }
    Ok(columns)
}

fn fields(record: &ByteRecord, columns: &[Column], line: usize) -> Result<Fields, RowError> {
    if record.len() > columns.len() {
        let problem = format!(
            "{} fields, but the header names {} columns",
            record.len(),
            columns.len()
        );
        return Err(RowError::new(line, "row", problem));
    }
    let mut fields = Fields::default();
    for (column, bytes) in columns.iter().zip(record) {
        if bytes.is_empty() {
            continue;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(RowError::new(line, *column, "is not UTF-8"));
        };
        let into = match *column {
            "who" => &mut fields.who,
            "what" => &mut fields.what,
            "to" => &mut fields.to,
            "item" => &mut fields.item,
            "at" => {
                let at = Time::try_from(text.to_owned());
                fields.at = Some(at.map_err(|why| RowError::new(line, "at", why))?);
                continue;
            }
            "amount" => {
                let shown = text.escape_debug();
                let amount = text.parse().map_err(|_| {
                    RowError::new(
                        line,
                        "amount",
                        format!("`{shown}` is no whole number from 0 to {}", u64::MAX),
                    )
                })?;
                fields.amount = Some(amount);
                continue;
            }
            _ => continue,
        };
        *into = Some(text.to_owned());
    }
    Ok(fields)
}
