//! Tables: values with commas or another character between them, one row a line.
//!
//! A quoted cell may hold commas and doubled quotes and no end of a line: otherwise a quote that somebody forgot to close
//! swallows rows, and nobody sees that they are missing. Lines that are blank or begin with `#` are no rows.

use csv::{ReaderBuilder, StringRecord, Trim, WriterBuilder};

/// A row: the line it stands on, from 1, and its cells, without spaces around them.
pub(crate) type Row = (usize, Vec<String>);

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableError {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The cell, from 0.
    pub(crate) cell: usize,
    pub(crate) problem: String,
}

/// The rows of a table with commas, from top to bottom. Behind an error there are none.
pub(crate) fn rows(bytes: &[u8]) -> impl Iterator<Item = Result<Row, TableError>> + '_ {
    rows_of(bytes, b',', 0)
}

/// The rows of a table with this between its cells, and so many lines before it that are not read.
pub(crate) fn rows_of(
    bytes: &[u8],
    delimiter: u8,
    skip: usize,
) -> impl Iterator<Item = Result<Row, TableError>> + '_ {
    let mut failed = false;
    let lines = (1..).zip(lines(bytes)).skip(skip);
    let rows = lines.filter_map(move |(line, text)| {
        let row = row(text, delimiter).map_err(|(cell, problem)| TableError {
            line,
            cell,
            problem,
        });
        Some(row.transpose()?.map(|cells| (line, cells)))
    });
    rows.take_while(move |row| !std::mem::replace(&mut failed, row.is_err()))
}

/// Lines end in a line feed, a carriage return, or both.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes).filter(|bytes| !bytes.is_empty());
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (line, behind) = bytes.split_at(end.unwrap_or(bytes.len()));
        let behind = behind
            .strip_prefix(b"\r\n")
            .or_else(|| behind.get(1..))
            .unwrap_or_default();
        rest = Some(behind).filter(|behind| !behind.is_empty());
        Some(line)
    })
}

/// The cells of a line, if it is a row; otherwise which cell is wrong, and why.
fn row(line: &[u8], delimiter: u8) -> Result<Option<Vec<String>>, (usize, String)> {
    let text = str::from_utf8(line).map_err(|why| {
        let before = line.get(..why.valid_up_to()).unwrap_or_default();
        let cell = before.iter().filter(|byte| **byte == delimiter).count();
        let hint = "save the file as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8";
        (
            cell,
            format!("byte {} of the line is not UTF-8; {hint}", before.len() + 1),
        )
    })?;
    // A row of tabs alone is blank, too.
    if text.trim().is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    if !text.contains('"') {
        return Ok(Some(
            text.split(char::from(delimiter))
                .map(|cell| cell.trim().to_owned())
                .collect(),
        ));
    }
    // Nothing but a quote that is still open takes what comes behind the line into a cell.
    let behind = [line, b"\n\n"].concat();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .flexible(true)
        .trim(Trim::None)
        .buffer_capacity(behind.len())
        .from_reader(behind.as_slice());
    let mut record = StringRecord::new();
    reader
        .read_record(&mut record)
        .map_err(|why| (0, why.to_string()))?;
    if let Some(open) = record.iter().position(|cell| cell.contains('\n')) {
        let cell = record.get(open).unwrap_or_default().trim_end_matches('\n');
        let begin = text
            .len()
            .saturating_sub(cell.len() + cell.matches('"').count());
        let column = text.get(..begin).unwrap_or(text).chars().count();
        let problem = format!("the quote at column {column} is not closed on its line");
        return Err((open, problem));
    }
    Ok(Some(
        record.iter().map(|cell| cell.trim().to_owned()).collect(),
    ))
}

/// A row as a line of a table, quoted where it has to be.
pub(crate) fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut writer = WriterBuilder::new()
        .comment(Some(b'#'))
        .from_writer(Vec::new());
    // Writing into memory does not fail.
    let written = writer.write_record(cells).ok();
    let bytes = written.and_then(|()| writer.into_inner().ok());
    bytes
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Row> {
        rows(text.as_bytes())
            .collect::<Result<_, _>>()
            .expect("a table")
    }

    fn wrong(bytes: &[u8]) -> TableError {
        let mut rows = rows(bytes);
        let error = rows.find_map(Result::err).expect("something is wrong");
        assert!(rows.next().is_none(), "nothing comes behind an error");
        error
    }

    #[test]
    fn what_is_written_is_read() {
        let cells = ["Adler, Brix & Co", "Quote \"Q\"", "", "# no comment", "ö"];
        let line = line(cells);
        assert_eq!(read(&line), [(1, cells.map(str::to_owned).to_vec())]);
    }

    #[test]
    fn lines_are_counted_however_they_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", " \t\u{c}", "# c", "d , e", ""].join(end);
            let row = |line, one: &str, two: &str| (line, vec![one.to_owned(), two.to_owned()]);
            assert_eq!(read(&text), [row(1, "a", "b"), row(5, "d", "e")], "{end:?}");
        }
    }

    /// Once an open quote swallowed the rows behind it, up to the end of the file or to the next quote.
    #[test]
    fn a_quote_that_is_not_closed_is_refused_on_its_line() {
        let texts = [
            "a,b\nc,\"d\ne,f\n",
            "a,b\nc,\"d\ne,\"f\n",
            "a,b\nc,\"d",
            "a,b\nc,\"d\"\" e",
        ];
        for text in texts {
            let error = wrong(text.as_bytes());
            assert_eq!((error.line, error.cell), (2, 1), "{text:?}");
            assert!(error.problem.contains("column 3"), "{}", error.problem);
        }
        assert_eq!(
            read("12\" pipe,x\n").len(),
            1,
            "a quote within a cell is one"
        );
    }

    #[test]
    fn what_is_not_utf_8_is_refused_with_a_hint() {
        let error = wrong(b"a,b\n1,\"CAF\xc9\"\n");
        assert_eq!((error.line, error.cell), (2, 1));
        assert!(error.problem.contains("byte 7") && error.problem.contains("iconv"));
    }
}
