//! Generators: what they draw is what they say is right.

use ravine::data::DataConfig;
use ravine::data::generators;
use ravine::data::table::{Tables, open};

fn drawn(name: &str, seed: u64, noise: Option<f64>) -> Tables {
    let config = DataConfig {
        source: name.into(),
        noise,
        ..DataConfig::default()
    };
    open(&config, seed).unwrap()
}

fn wide(row: &[f32]) -> Vec<f64> {
    row.iter().map(|&v| f64::from(v)).collect()
}

/// Laws that every generator obeys, looped over the list.
#[test]
fn draws_repeat_for_a_seed_and_lie_where_the_generator_says() {
    for (name, generator) in generators::ALL {
        let tables = drawn(name, 3, None);
        let (again, other) = (drawn(name, 3, None), drawn(name, 4, None));
        assert_eq!(tables.train, again.train, "{name}");
        assert_eq!(tables.test, again.test, "{name}");
        assert_ne!(tables.train, other.train, "{name}");
        let parts = [&tables.train, &tables.validation, &tables.test];
        assert_ne!(parts[0], parts[1], "{name}");
        assert_ne!(parts[0], parts[2], "{name}");
        for part in parts {
            assert_eq!(part.len(), generator.samples(), "{name}");
            let classes = generator.classes().len();
            assert_eq!(part.classes.len(), classes, "{name}");
            assert_eq!(part.labels.is_some(), classes > 0, "{name}");
            assert_eq!(part.y_dim() == 0, classes > 0, "{name}: classes or numbers");
            let unconditional = generator.x_names().is_empty();
            assert_eq!(part.is_unconditional(), unconditional, "{name}");
            if unconditional {
                assert!(part.x.iter().all(|&x| x == 1.0), "{name}");
            }
        }
        assert!(!generator.about().is_empty());
    }
}

/// Without noise every drawn answer is a right one, and right answers lie in the box that is searched.
#[test]
fn what_is_drawn_without_noise_is_right() {
    for (name, generator) in generators::ALL {
        let table = drawn(name, 0, Some(0.0)).train;
        if table.y_dim() == 0 {
            continue;
        }
        for i in 0..table.len() {
            let (x, y) = (wide(table.x_row(i)), wide(table.y_row(i)));
            let distance = generator.distance(&x, &y).unwrap();
            assert!(distance < 1e-6, "{name}: {distance} at {x:?}, {y:?}");
            for (value, (low, high)) in y.iter().zip(generator.y_range()) {
                assert!((low..=high).contains(value), "{name}: {value}");
            }
            for (value, (low, high)) in x.iter().zip(generator.x_range()) {
                assert!((low..=high).contains(value), "{name}: {value}");
            }
            let moved: Vec<f64> = y.iter().map(|y| y + 30.0).collect();
            assert!(generator.distance(&x, &moved).unwrap() > 15.0, "{name}");
        }
    }
}

#[test]
fn noise_has_the_deviation_asked_for() {
    let table = drawn("parabola", 1, Some(0.3)).train;
    let errors = (0..table.len()).map(|i| table.y[i] - table.x[i].powi(2));
    let variance = errors.map(|e| f64::from(e).powi(2)).sum::<f64>() / table.len() as f64;
    assert!((variance.sqrt() - 0.3).abs() < 0.05, "{variance}");
}

#[test]
fn two_branches_coexist_in_the_middle_and_both_are_drawn() {
    let generator = generators::find("two_branches").unwrap();
    let count = |x: f64| generator.answers(&[x]).len();
    assert_eq!([-0.6, -0.4, 0.0, 0.4, 0.6].map(count), [1, 2, 2, 2, 1]);
    for x in [-0.5, -0.2, 0.0, 0.3, 0.5] {
        let answers = generator.answers(&[x]);
        let apart = (answers[0][0] - answers[1][0]).abs();
        assert!(apart >= 0.94, "{apart} at {x}");
        let mean = f64::midpoint(answers[0][0], answers[1][0]);
        assert!(generator.distance(&[x], &[mean]).unwrap() >= 0.47);
    }
    let table = drawn("two_branches", 0, None).train;
    let middle: Vec<f32> = (0..table.len())
        .filter(|&i| table.x[i].abs() < 0.5)
        .map(|i| table.y[i])
        .collect();
    let upper = middle.iter().filter(|&&y| y > 0.0).count() as f64 / middle.len() as f64;
    assert!((0.35..0.65).contains(&upper), "{upper}");
}

#[test]
fn the_distance_to_an_ellipse_is_exact_on_its_axes() {
    let ellipse = generators::find("ellipse").unwrap();
    let distance = |y: [f64; 2]| ellipse.distance(&[], &y).unwrap();
    assert!((distance([2.0, 0.0]) - 1.0).abs() < 1e-9);
    assert!((distance([0.0, -1.0]) - 0.25).abs() < 1e-9);
    assert!((distance([0.0, 0.0]) - 0.75).abs() < 1e-9);
    let horn = generators::find("horn").unwrap();
    let end = 2.0_f64.exp(); // at x = 1: half axes 0.75 e², e²
    assert!((horn.distance(&[1.0], &[0.0, end]).unwrap()).abs() < 1e-9);
    assert!((horn.distance(&[1.0], &[0.75 * end, 0.0]).unwrap()).abs() < 1e-9);
}

#[test]
fn classes_of_moons_and_spirals_are_balanced_and_apart() {
    for name in ["two_moons", "spirals"] {
        let table = drawn(name, 0, Some(0.0)).train;
        let labels = table.labels.clone().unwrap();
        let classes = table.classes.len();
        for class in 0..classes {
            let share = labels.iter().filter(|&&l| l as usize == class).count() as f64;
            let share = share / labels.len() as f64 * classes as f64;
            assert!((0.8..1.2).contains(&share), "{name}: {share}");
        }
        let mut nearest = f32::INFINITY;
        for i in 0..table.len() {
            for j in 0..i {
                if labels[i] != labels[j] {
                    let (a, b) = (table.x_row(i), table.x_row(j));
                    nearest = nearest.min((a[0] - b[0]).hypot(a[1] - b[1]));
                }
            }
        }
        assert!(nearest > 0.05, "{name}: {nearest}");
    }
}

#[test]
fn keys_that_do_not_go_with_a_generator_are_refused() {
    let mut config = DataConfig {
        source: "parabola".into(),
        x: Some(vec!["x".into()]),
        ..DataConfig::default()
    };
    let problem = open(&config, 0).err().unwrap();
    assert_eq!(problem.exit_code(), 2);
    assert!(problem.to_string().contains("data.x"), "{problem}");
    config.x = None;
    config.samples = Some(7);
    assert_eq!(open(&config, 0).unwrap().train.len(), 7);
    config.validation = Some(0.0);
    assert_eq!(open(&config, 0).unwrap().validation.len(), 0);
    let images = ravine::data::open(&config).err().unwrap().to_string();
    assert!(images.contains("ravine train"), "{images}");
}
