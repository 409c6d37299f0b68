//! Rows from comma-separated values.

use super::{Fields, Row, RowError, push};
use crate::scenario::Time;
use crate::table::{self, TableError};

/// A column of the file, by the field it fills.
type Column = &'static str;

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Row>, RowError> {
    let mut columns: Option<Vec<Column>> = None;
    let mut rows = Vec::new();
    for row in table::rows(bytes) {
        let (line, cells) = row.map_err(|error| located(error, columns.as_deref()))?;
        match &columns {
            None => columns = Some(header(&cells, line)?),
            Some(columns) => push(&mut rows, fields(&cells, columns, line)?, line)?,
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

fn located(error: TableError, columns: Option<&[Column]>) -> RowError {
    let column = columns.map_or(Some("header"), |columns| columns.get(error.cell).copied());
    RowError::new(error.line, column.unwrap_or("row"), error.problem)
}

fn header(cells: &[String], line: usize) -> Result<Vec<Column>, RowError> {
    let mut columns: Vec<Column> = Vec::new();
    for cell in cells {
        let shown = cell.escape_debug();
        let Some(column) = Fields::NAMES.into_iter().find(|name| name == cell) else {
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

fn fields(cells: &[String], columns: &[Column], line: usize) -> Result<Fields, RowError> {
    if cells.len() > columns.len() {
        let problem = format!(
            "{} fields, but the header names {} columns",
            cells.len(),
            columns.len()
        );
        return Err(RowError::new(line, "row", problem));
    }
    let mut fields = Fields::default();
    for (column, text) in columns.iter().zip(cells) {
        if text.is_empty() {
            continue;
        }
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
