//! Tables that cannot be read: a sentence with file, line and column.

use std::fs;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, StringArray};
use ravine::data::DataConfig;
use ravine::data::table::open;

use crate::table::{at, csv, le, npy, parquet, place, refused};
use crate::tiny::write;

#[test]
fn bad_text_tables_are_refused_with_line_and_column() {
    let (_folder, path) = place("bad.csv");
    for (text, code, wanted) in [
        ("", 2, "is empty"),
        ("a,b\n", 2, "no row of data"),
        ("1,2\n3,4\n", 2, "the first line holds numbers"),
        ("a;b\n1;2\n", 2, "not separated by commas"),
        (
            "a,b\n1,2\n3\n",
            2,
            "line 3 has 1 cells, the first line names 2",
        ),
        ("a,b\n1,2\n3,4,5\n", 2, "line 3 has 3 cells"),
        ("a,b\n1,x\n", 2, "line 2, column `b`: `x` is not a number"),
        ("a,b\n1,2\n,3\n", 2, "line 3, column `a`: the cell is empty"),
        ("a,b\r\n1,2\r\n3,x\r\n", 2, "line 3, column `b`"),
        ("a,b\n1,2\n\n\n3,x\n", 2, "line 5, column `b`"),
        ("a,b\r\n1,2\r\n3\r\n", 2, "line 3 has 1 cells"),
        (
            "a,b\n1,NaN\n",
            2,
            "line 2, column `b`: NaN is not a finite number",
        ),
        (
            "a,b\n-inf,1\n",
            2,
            "line 2, column `a`: -inf is not a finite number",
        ),
        ("a,b\n1,1e300\n", 2, "too large for a 32-bit float"),
        ("a,a,b\n1,2,3\n", 2, "two columns are named `a`"),
        ("a,b\n1,2\n", 2, "too few to split"),
    ] {
        write(&path, text.as_bytes());
        let problem = refused(&at(&path, Some(&["a"]), &["b"], None), code);
        assert!(problem.contains(wanted), "{text:?}: {problem}");
        assert!(problem.contains("bad.csv"), "{problem}");
    }
    write(&path, b"a,b\n1,\xff\n");
    assert!(refused(&at(&path, None, &["b"], None), 2).contains("UTF-8"));
}

#[test]
fn bad_columns_are_refused_with_the_nearest_name() {
    let (folder, path) = place("rows.csv");
    write(
        &path,
        csv(30).replace("a,b,kind", "width,height,kind").as_bytes(),
    );
    for (x, y, label, wanted) in [
        (
            Some(&["widht"][..]),
            &["height"][..],
            None,
            "did you mean `width`?",
        ),
        (
            Some(&["width"]),
            &["heigth"],
            None,
            "`data.y`: there is no column `heigth`; did you mean `height`?",
        ),
        (
            Some(&["width"]),
            &["zzz"],
            None,
            "known names: `width`, `height`, `kind`",
        ),
        (
            None,
            &["height"],
            None,
            "column `kind`: `even` is not a number",
        ),
        (Some(&["width", "height"]), &["height"], None, "named twice"),
        (Some(&["width"]), &[], None, "configuration key `data.y`"),
        (Some(&[]), &[], Some("kind"), "no column of numbers"),
        (Some(&["height"]), &[], Some("width"), "so it is no class"),
    ] {
        let problem = refused(&at(&path, x, y, label), 2);
        assert!(problem.contains(wanted), "{problem}");
    }
    let config = DataConfig {
        samples: Some(3),
        ..at(&path, Some(&["width"]), &["height"], None)
    };
    assert!(refused(&config, 2).contains("data.samples"));
    write(&path, csv(30).replace("even", "odd").as_bytes());
    let problem = refused(&at(&path, Some(&["a"]), &[], Some("kind")), 2);
    assert!(problem.contains("of one class, `odd`"), "{problem}");
    let absent = folder.path().join("absent.csv");
    assert!(refused(&at(&absent, None, &["b"], None), 1).contains("no such file"));
    let picture = folder.path().join("rows.txt");
    write(&picture, b"a,b\n1,2\n");
    assert!(refused(&at(&picture, None, &["b"], None), 2).contains("none of .csv"));
}

#[test]
fn bad_npy_files_are_refused() {
    let (_folder, path) = place("bad.npy");
    let config = at(&path, Some(&["0"]), &["1"], None);
    let whole = npy("<f8", "False", "(10, 2)", &le((0..20).map(f64::from)));
    write(&path, &whole);
    open(&config, 0).unwrap();
    for cut in [0, 5, 9, 60, 127, 128, whole.len() - 1] {
        write(&path, &whole[..cut]);
        refused(&config, 1);
    }
    for (file, code, wanted) in [
        (b"PK\x03\x04 and some more".to_vec(), 1, "is no npy file"),
        (npy("<f8", "False", "(4, 2, 2)", &[]), 2, "3 dimensions"),
        (npy("<c16", "False", "(1, 2)", &[0; 32]), 2, "`<c16`"),
        (
            npy("<f8", "False", "(1000000000000, 9)", &[]),
            2,
            "do not fit in memory",
        ),
        (
            npy("<f8", "False", "(99999999999999999999, 9)", &[]),
            2,
            "its header",
        ),
        (
            npy("<f8", "False", "(2, 2)", &le([1.0, 2.0, f64::NAN, 0.0])),
            2,
            "row 1, column `0`: NaN",
        ),
        (
            npy("<f8", "False", "(10,)", &le((0..10).map(f64::from))),
            2,
            "no column `1`",
        ),
        (npy("<f8", "False", "(0, 2)", &[]), 2, "no row of data"),
    ] {
        write(&path, &file);
        let problem = refused(&config, code);
        assert!(problem.contains(wanted), "{problem}");
        assert!(problem.contains("bad.npy"), "{problem}");
    }
}

#[test]
fn bad_parquet_files_are_refused() {
    let (_folder, path) = place("bad.parquet");
    let config = at(&path, Some(&["a"]), &["b"], None);
    let floats = |values: Vec<Option<f64>>| Arc::new(Float64Array::from(values)) as ArrayRef;
    let good = || floats((0..20).map(|i| Some(f64::from(i))).collect());
    parquet(&path, vec![("a", good()), ("b", good())]);
    open(&config, 0).unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in [0, 3, 100, whole.len() / 2, whole.len() - 1] {
        write(&path, &whole[..cut]);
        assert!(refused(&config, 1).contains("not a complete Parquet file"));
    }
    let (mut refusals, mut reads) = (0, 0);
    for at in (4..whole.len()).step_by(3) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xff;
        write(&path, &flipped);
        match open(&config, 0) {
            Ok(_) => reads += 1,
            Err(_) => refusals += 1,
        }
    }
    assert!(refusals > 0 && reads > 0, "{refusals} {reads}");
    let words = Arc::new(StringArray::from_iter_values(
        (0..20).map(|i| i.to_string()),
    ));
    let hole = |at, hole| {
        floats(
            (0..20)
                .map(|i| if i == at { hole } else { Some(1.0) })
                .collect(),
        )
    };
    for (column, wanted) in [
        (words as ArrayRef, "column `b` holds Utf8, not numbers"),
        (hole(7, None), "row 7, column `b`: the cell is empty"),
        (
            hole(9, Some(f64::INFINITY)),
            "row 9, column `b`: inf is not a finite number",
        ),
    ] {
        parquet(&path, vec![("a", good()), ("b", column)]);
        let problem = refused(&config, 2);
        assert!(problem.contains(wanted), "{problem}");
        assert!(problem.contains("bad.parquet"), "{problem}");
    }
    parquet(&path, vec![("a", floats(vec![])), ("b", floats(vec![]))]);
    assert!(refused(&config, 2).contains("no row of data"));
}
