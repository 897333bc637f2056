//! The sample loss of the library's documentation, compiled as it stands there and held to the laws of losses.

use candle_core::{Device, Tensor, Var};
use ravine::losses::{Energies, Loss, Margin};
use ravine::{error, ranges};

mod squared_hinge;
use squared_hinge::SquaredHinge;

type Any = Box<dyn std::error::Error>;

#[test]
fn it_is_the_code_of_the_documentation() {
    let lines = include_str!("../../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"));
    let lines: Vec<&str> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let code = include_str!("squared_hinge.rs").trim();
    assert!(lines.join("\n").contains(code));
}

/// Loss of one question with the energies `right` and `wrong`, and its gradient by each of them.
fn at(right: f64, wrong: [f64; 2]) -> Result<(f64, f64, [f64; 2]), Any> {
    let right = Var::from_tensor(&Tensor::new(&[[right]], &Device::Cpu)?)?;
    let wrong = Var::from_tensor(&Tensor::new(&[wrong], &Device::Cpu)?)?;
    let energies = Energies::new(right.as_tensor().clone(), wrong.as_tensor().clone());
    let value = SquaredHinge::default().forward(&energies)?.mean_all()?;
    let store = value.backward()?;
    let of = |var: &Var| -> Result<Vec<f64>, Any> {
        let gradient = store
            .get(var)
            .map_or_else(|| var.zeros_like(), |g| Ok(g.clone()))?;
        Ok(gradient.flatten_all()?.to_vec1()?)
    };
    let wrong = of(&wrong)?;
    Ok((value.to_scalar()?, of(&right)?[0], [wrong[0], wrong[1]]))
}

#[test]
fn its_gradients_are_those_of_finite_differences_and_have_the_right_sign() -> Result<(), Any> {
    let step = 1e-6;
    for (right, wrong) in [(0.3, [0.9, 1.1]), (0.8, [0.2, 0.5]), (0.1, [1.9, 1.4])] {
        let (_, by_right, by_wrong) = at(right, wrong)?;
        let slope = |up: f64, down: f64| (up - down) / (2.0 * step);
        let found = slope(at(right + step, wrong)?.0, at(right - step, wrong)?.0);
        assert!((by_right - found).abs() < 1e-5 && by_right >= 0.0);
        for i in 0..2 {
            let moved = |by: f64| {
                let mut wrong = wrong;
                wrong[i] += by;
                at(right, wrong).map(|found| found.0)
            };
            let found = slope(moved(step)?, moved(-step)?);
            assert!((by_wrong[i] - found).abs() < 1e-5 && by_wrong[i] <= 0.0);
        }
    }
    Ok(())
}

#[test]
fn it_tells_the_truth_about_itself() -> Result<(), Any> {
    let loss = SquaredHinge::default();
    assert_eq!(loss.margin(), Margin::Finite(1.0));
    assert!(loss.needs_negatives() && loss.only_most_offending());
    assert_eq!(Some(at(0.0, [0.0, 0.0])?.0), loss.collapse_value(3));
    assert_eq!(
        [0.5, 1.5].map(|wrong| loss.active(0.2, wrong)),
        [Some(true), Some(false)]
    );
    assert!(loss.validate((0.0, 2.0)).is_ok());
    assert!(SquaredHinge { margin: 0.0 }.validate((0.0, 2.0)).is_err());
    Ok(())
}
