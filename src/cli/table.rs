//! Tables of words in columns.

/// `rows` below `heads`, each column as wide as its widest cell.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_string()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]);
        cells
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    std::iter::once(&heads).chain(rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "1"], ["long", "–"]].map(|row| row.map(String::from).to_vec());
        assert_eq!(table(&["x", "yy"], &rows), "x     yy\na     1\nlong  –\n");
    }
}
