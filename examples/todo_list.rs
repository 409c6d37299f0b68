//! A to-do list that four people edit at once: a map of registers. What is written at the same time is kept side by side,
//! until somebody who has seen both decides.

use bft_crdts::crdt::{MVReg, Map, Op, Replicated};
use bft_crdts::net::adversary::Silent;
use bft_crdts::net::{Chance, FakeKeys, Faults, Net, Roster, Task, VirtualTime};
use serde::{Deserialize, Serialize};

/// What is known about a task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Todo {
    done: bool,
    note: String,
}

/// Todos by title. A removed task comes back if somebody edited it meanwhile.
type Todos = Map<String, MVReg<Todo>>;
type TodoList = Replicated<Todos>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let roster = Roster::<FakeKeys>::new(["ann", "bob", "cat", "dan"]);
    let loss = Chance::percent(20);
    let genesis = Default::default();
    let report = Net::<TodoList>::new(roster, &TodoList::algorithm(), genesis)
        .seed(2)
        .faults(Faults {
            loss,
            ..Faults::default()
        })
        .adversary("dan", Box::new(Silent)) // has not opened the app for weeks
        .workload([
            edit("ann", 0, |tasks| write(tasks, "milk", false, "two bottles")),
            edit("ann", 0, |tasks| write(tasks, "fence", false, "paint it")),
            edit("cat", 0, |tasks| write(tasks, "taxes", false, "")),
            // At once: both have seen the two bottles, neither what the other does.
            edit("bob", 5, |tasks| write(tasks, "milk", true, "two bottles")),
            edit("cat", 5, |tasks| {
                write(tasks, "milk", false, "three bottles")
            }),
            // At once: ann thinks that the fence can wait, bob has plans for it.
            edit("ann", 5, |tasks| tasks.remove(["fence".into()])),
            edit("bob", 5, |tasks| {
                write(tasks, "fence", false, "paint it green")
            }),
            edit("cat", 5, |tasks| tasks.remove(["taxes".into()])),
            // Ann sees that there are two opinions about the milk, and asks bob.
            edit("ann", 10, |tasks| {
                write(tasks, "milk", false, "one more bottle")
            }),
        ])
        .run()?;

    println!("dan is away, one packet in five is lost, and everybody edits at once");
    for end in &report.finals {
        let Some(list) = &end.copy else { continue };
        println!("{} sees", end.name);
        for (title, versions) in list.value().iter() {
            for Todo { done, note } in versions.values().into_values() {
                println!("    [{}] {title}: {note}", if done { "x" } else { " " });
            }
        }
        let notes = |title: &str| -> Vec<String> {
            let versions = list.value().get(&title.to_owned()).unwrap_or_default();
            let tasks = versions.values().into_values();
            tasks.map(|task| task.note).collect()
        };
        let all = ["milk", "fence", "taxes"].map(notes);
        assert_eq!(all[0], ["one more bottle"], "who has seen both decides");
        assert_eq!(all[1], ["paint it green"], "only what is seen is removed");
        assert!(all[2].is_empty(), "nobody else cared");
    }
    println!(
        "two opinions about the milk became one, and bob's plan for the fence survived its removal"
    );
    assert!(report.is_sound() && report.converged);
    Ok(())
}

/// After so many seconds this person does something about what they see.
fn edit(who: &str, secs: u64, what: impl Fn(&Todos) -> Op<Todos> + 'static) -> Task<TodoList> {
    let item = Task::<TodoList>::from(who, move |context| Ok(what(context.copy.value())));
    item.at(VirtualTime::from_secs(secs))
}

/// Writes over all that is seen of a task.
fn write(tasks: &Todos, title: &str, done: bool, note: &str) -> Op<Todos> {
    let note = note.to_owned();
    tasks.update(title.into(), |task| task.write(Todo { done, note }))
}
