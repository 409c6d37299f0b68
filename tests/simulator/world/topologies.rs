//! Graphs have the shape of their name, and survive being written down.

use bft_crdts::net::world::{Topology, TopologyError};
use bft_crdts::net::{Chance, Stream, Streams};

use super::support::node;

fn stream() -> Stream {
    Streams::new(1).of("topology")
}

fn degrees(graph: &Topology) -> Vec<usize> {
    let degree = |node| graph.neighbours(node).len();
    let mut degrees: Vec<usize> = graph.nodes().map(degree).collect();
    degrees.sort_unstable();
    degrees
}

/// Nodes, links, longest way.
fn size(graph: &Topology) -> (usize, usize, Option<u32>) {
    (graph.len(), graph.links().count(), graph.diameter())
}

#[test]
fn shapes_have_as_many_links_and_are_as_wide_as_their_names_say() {
    assert_eq!(size(&Topology::full_mesh(7)), (7, 21, Some(1)));
    assert_eq!(size(&Topology::ring(10)), (10, 10, Some(5)));
    assert_eq!(size(&Topology::line(10)), (10, 9, Some(9)));
    assert_eq!(size(&Topology::grid(4, 3)), (12, 17, Some(5)));
    assert_eq!(size(&Topology::tree(15, 2)), (15, 14, Some(6)));
    assert_eq!(size(&Topology::star(9)), (9, 8, Some(2)));
    assert_eq!(degrees(&Topology::ring(5)), [2; 5]);
    assert_eq!(degrees(&Topology::star(5)), [1, 1, 1, 1, 4]);
    assert_eq!(degrees(&Topology::grid(3, 3)), [2, 2, 2, 2, 3, 3, 3, 3, 4]);
    assert_eq!(size(&Topology::unlinked(3)), (3, 0, None));
    for shape in [
        Topology::ring,
        Topology::line,
        Topology::star,
        Topology::full_mesh,
    ] {
        assert_eq!(size(&shape(0)), (0, 0, Some(0)));
        assert_eq!(size(&shape(1)), (1, 0, Some(0)));
        assert_eq!(size(&shape(2)), (2, 1, Some(1)));
    }
}

#[test]
fn a_random_graph_has_its_share_of_all_links() {
    let graph = Topology::erdos_renyi(100, Chance::percent(30), &mut stream());
    let links = graph.links().count();
    // 4950 pairs; the standard deviation of the number of links is 32.
    assert!((1_360..1_610).contains(&links), "{links}");
    assert!(graph.is_connected());
    let none = Topology::erdos_renyi(20, Chance::NEVER, &mut stream());
    assert_eq!(none, Topology::unlinked(20));
    let all = Topology::erdos_renyi(20, Chance::ALWAYS, &mut stream());
    assert_eq!(all, Topology::full_mesh(20));
}

#[test]
fn a_few_links_to_anywhere_make_a_large_ring_a_small_world() {
    let ring = Topology::small_world(200, 3, Chance::NEVER, &mut stream());
    assert_eq!(size(&ring), (200, 600, Some(34)));
    assert_eq!(degrees(&ring), [6; 200]);
    let small = Topology::small_world(200, 3, Chance::percent(10), &mut stream());
    assert_eq!(small.links().count(), 600);
    assert!(
        small.diameter().is_some_and(|diameter| diameter < 12),
        "{:?}",
        small.diameter()
    );
    // Fewer nodes than near ones: everybody knows everybody, and nobody is left to know instead.
    let tiny = Topology::small_world(5, 9, Chance::ALWAYS, &mut stream());
    assert_eq!(tiny, Topology::full_mesh(5));
}

#[test]
fn a_topology_is_the_same_after_it_was_written_and_read() {
    let mut graph = Topology::erdos_renyi(30, Chance::percent(20), &mut stream());
    graph.set_kind(node(3), "client");
    let client = graph.add("client").unwrap();
    graph.link(client, node(0));
    let json = serde_json::to_string(&graph).unwrap();
    assert_eq!(serde_json::from_str::<Topology>(&json).unwrap(), graph);
    assert_eq!(graph.kind(client), Some("client"));
    assert_eq!(graph.kind(node(4)), Some("peer"));
    assert!(graph.unlink(node(0), client) && !graph.unlink(node(0), client));
    assert_eq!(graph.neighbours(client), []);
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let read = |text: &str| {
        serde_json::from_str::<Topology>(text)
            .unwrap_err()
            .to_string()
    };
    let cases = [
        (
            r#"{"nodes": ["a", "b"], "links": [[0, 2]]}"#,
            "link 0–2 leads to a node that is not there",
        ),
        (
            r#"{"nodes": ["a", "b"], "links": [[1, 1]]}"#,
            "node 1 is linked with itself",
        ),
        (
            r#"{"nodes": ["a", "b"], "links": [[0, 1], [1, 0]]}"#,
            "link 1–0 is there twice",
        ),
        (
            r#"{"nodes": ["a"], "links": [], "colour": 1}"#,
            "unknown field `colour`",
        ),
        (r#"{"nodes": ["a"], "links": [[0, 70000]]}"#, "70000"),
    ];
    for (text, expected) in cases {
        assert!(read(text).contains(expected), "{}", read(text));
    }
    let many = vec!["a"; 65_535];
    let many = serde_json::json!({ "nodes": many, "links": [] }).to_string();
    assert_eq!(read(&many), TopologyError::TooManyNodes(65_535).to_string());
}
