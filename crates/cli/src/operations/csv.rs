//! Rows from comma-separated values.

use super::{Amount, Fields, Layout, Row, RowError, push};
use crate::scenario::Time;
use crate::table::{self, TableError};

/// A column of the file, by the field it fills; none if nothing is read from it.
type Column = Option<&'static str>;

pub(super) fn parse(bytes: &[u8], layout: &Layout) -> Result<Vec<Row>, RowError> {
    let mut columns: Option<Vec<Column>> = None;
    let mut rows = Vec::new();
    for row in table::rows_of(bytes, layout.delimiter, layout.skip) {
        let (line, cells) = row.map_err(|error| located(error, columns.as_deref(), layout))?;
        match &columns {
            None => columns = Some(header(&cells, line, layout)?),
            Some(columns) => {
                let row = fields(&cells, columns, layout)
                    .map_err(|(field, problem)| RowError::new(line, layout.named(field), problem))
                    .and_then(|fields| {
                        push(&mut rows, fields, line).map_err(|why| {
                            RowError::new(line, layout.named(&why.field), why.problem)
                        })
                    });
                row?;
            }
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

fn located(error: TableError, columns: Option<&[Column]>, layout: &Layout) -> RowError {
    let column = match columns {
        None => "header".to_owned(),
        Some(columns) => match columns.get(error.cell) {
            Some(Some(field)) => layout.named(field),
            Some(None) => format!("column {}", error.cell + 1),
            None => "row".to_owned(),
        },
    };
    RowError::new(error.line, column, error.problem)
}

fn header(cells: &[String], line: usize, layout: &Layout) -> Result<Vec<Column>, RowError> {
    let wrong = |problem| Err(RowError::new(line, "header", problem));
    let mut columns: Vec<Column> = Vec::new();
    for cell in cells {
        let shown = cell.escape_debug();
        let field = layout.field(cell);
        if field.is_none() && layout.columns.is_empty() {
            let known = Fields::NAMES.join(", ");
            return wrong(format!(
                "`{shown}` is no column; there are {known}, or say `[columns]`"
            ));
        }
        if field.is_some() && columns.contains(&field) {
            return wrong(format!("`{shown}` stands there twice"));
        }
        columns.push(field);
    }
    let needed = match layout.columns.is_empty() {
        true => vec!["who", "what"],
        false => layout.columns.keys().map(String::as_str).collect(),
    };
    for needed in needed {
        if !columns.contains(&Fields::NAMES.into_iter().find(|name| *name == needed)) {
            let column = layout.column(needed).unwrap_or(needed).escape_debug();
            let there = cells
                .iter()
                .map(|cell| format!("`{}`", cell.escape_debug()));
            let there = there.take(20).collect::<Vec<_>>().join(", ");
            return wrong(format!("column `{column}` is missing; there are {there}"));
        }
    }
    Ok(columns)
}

fn fields(
    cells: &[String],
    columns: &[Column],
    layout: &Layout,
) -> Result<Fields, (&'static str, String)> {
    if cells.len() > columns.len() {
        let problem = format!(
            "{} fields, but the header names {} columns",
            cells.len(),
            columns.len()
        );
        return Err(("row", problem));
    }
    let mut fields = Fields::default();
    // Whoever exports payments does not say that they are some.
    if layout.column("what").is_none() {
        fields.what = Some("transfer".to_owned());
    }
    for (column, text) in columns.iter().zip(cells) {
        if text.is_empty() {
            continue;
        }
        let into = match *column {
            Some("who") => &mut fields.who,
            Some("what") => &mut fields.what,
            Some("to") => &mut fields.to,
            Some("item") => &mut fields.item,
            Some("id") => &mut fields.id,
            Some("at") => {
                let at = Time::try_from(text.to_owned());
                fields.at = Some(at.map_err(|why| ("at", why.to_string()))?);
                continue;
            }
            Some("amount") => {
                let amount = layout.amounts.parse(text).map_err(|why| ("amount", why))?;
                fields.amount = Some(Amount::Number(amount));
                continue;
            }
            _ => continue,
        };
        *into = Some(text.to_owned());
    }
    Ok(fields)
}
