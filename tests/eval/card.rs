//! The card of a run.

use ravine::eval::card::{Card, ProbeCard, WithBaselines};
use ravine::eval::collapse::Verdict;

fn beside<T: Clone>(value: T) -> WithBaselines<T> {
    WithBaselines {
        pretrained: value.clone(),
        untrained: value.clone(),
        raw: value,
    }
}

#[test]
fn the_card_holds_what_machines_and_people_ask_for() {
    let probe = ProbeCard {
        bank: None,
        kind: "logistic".into(),
        part: "test".into(),
        labels_per_class: Some(10),
        seeds: 5,
        k: None,
        temperature: None,
        l2: Some(1e-4),
        data: None,
        learning_rates: None,
        chosen_on: None,
        learning_rate: None,
        balanced_accuracy: None,
        per_class: vec![],
        accuracy: beside(0.951),
        interval: beside(Some([0.94, 0.96])),
    };
    let card = Card {
        run: "runs/digits".into(),
        method: "simclr".into(),
        data: "digits".into(),
        part: "test".into(),
        unreadable: 0,
        checkpoint: "step-000400".into(),
        images_per_s: 1000.0,
        seconds: 60.0,
        steps: 400,
        epochs: 60.0,
        parameters: 12345,
        probe: Some(probe),
        knn: None,
        multi_label: None,
        spread: 0.9,
        rank: 30.0,
        dim: 64,
        verdict: Verdict::Healthy,
        causes: vec![],
        why: "embeddings differ".into(),
    };
    let json = serde_json::to_value(&card).unwrap();
    assert_eq!(json["probe"]["accuracy"]["raw"], 0.951);
    assert_eq!(json["probe"]["labels_per_class"], 10);
    assert_eq!(json["verdict"], "healthy");
    assert!(json["probe"].get("k").is_none());
    let older = json.to_string().replace("\"part\":", "\"split\":");
    assert_eq!(serde_json::from_str::<Card>(&older).unwrap(), card);
    assert_eq!(serde_json::from_value::<Card>(json).unwrap(), card);
    let text = card.to_string();
    for part in [
        "10 labels per class",
        "95.1 %",
        "94.0 to 96.0 %",
        "untrained",
        "healthy: emb",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}
