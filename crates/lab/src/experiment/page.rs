//! What comes of an experiment.

use std::fmt::Write;

use crate::figure::escape;

/// Text, pictures and logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// A line about it.
    pub title: String,
    /// Tables and plots for the terminal.
    pub text: String,
    /// Pictures, by file name.
    pub figures: Vec<(String, String)>,
    /// Logs, by file name.
    pub logs: Vec<(String, String)>,
}

impl Page {
    /// An empty one.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// One more line.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref().trim_end());
        self.text.push('\n');
    }

    /// A table: the first row is the heading, numbers are set to the right.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Writing to a string cannot fail.
                let _ = match column {
                    0 => write!(line, "{cell:<width$}"),
                    _ => write!(line, "  {cell:>width$}"),
                };
            }
            self.line(line);
        }
    }

    /// A histogram of `#`, a line for each class.
    pub fn histogram(&mut self, name: &str, values: &[f64], classes: usize) {
        let (least, most, counts) = crate::figure::classify(values, classes);
        let step = (most - least) / counts.len() as f64;
        self.line(name);
        for (class, count) in counts.iter().enumerate() {
            let from = least + step * class as f64;
            self.line(format!(
                "  {from:>8.3} ms  {count:>3}  {}",
                "#".repeat(*count)
            ));
        }
    }

    /// One file of HTML with everything in it, that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>\
             body{{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;line-height:1.4}}\
             pre{{overflow:auto;background:#f6f6f6;padding:1rem}}svg{{max-width:100%;height:auto}}</style></head>\
             <body>\n<h1>{title}</h1>\n<pre>{}</pre>\n",
            escape(&self.text)
        );
        for (_, figure) in &self.figures {
            let _ = writeln!(html, "<figure>{figure}</figure>");
        }
        for (name, log) in &self.logs {
            let _ = writeln!(
                html,
                "<details><summary>{}</summary><pre>{}</pre></details>",
                escape(name),
                escape(log)
            );
        }
        html + "</body></html>\n"
    }
}

/// A row of a table.
#[macro_export]
#[doc(hidden)]
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($cell.to_string()),*] };
}
