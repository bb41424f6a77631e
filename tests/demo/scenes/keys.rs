//! What the two services wrote down: each was asked with its own project's key, and with no other.

use crate::stage::{Project, Stage, expect};

pub fn play(stage: &mut Stage) {
    for project in [&stage.shop, &stage.blog] {
        show(stage, project);
    }
}

fn show(stage: &Stage, project: &Project) {
    stage.screen.elsewhere(&format!("The {}'s service, {}, wrote down:", project.name, project.service.base_url()));
    let requests = project.service.requests();
    for asked in &requests {
        let model = asked.body["model"].as_str().unwrap_or_default();
        stage.screen.detail(&format!(
            "{} {}  key {}  model {model}",
            asked.request.method,
            asked.path,
            asked.key.as_deref().unwrap_or("none")
        ));
    }
    expect(!requests.is_empty(), "each service was asked");
    expect(requests.iter().all(|asked| asked.key.as_deref() == Some(project.key)), "each service saw its own key only");
}
