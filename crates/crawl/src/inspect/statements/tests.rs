use serde_json::json;

use super::*;
use crate::fixtures::json_of;

#[test]
fn the_total_is_known_by_its_name_and_place() {
    for (body, list, expected) in [
        (json!({"total": 9, "items": [], "limit": 2}), "/items", Some(("/total", 9))),
        (json!({"count": 9, "next": null, "results": []}), "/results", Some(("/count", 9))),
        (json!({"count": 2, "total_count": 9, "results": []}), "/results", Some(("/total_count", 9))),
        (
            json!({"meta": {"pagination": {"total": 9}}, "data": []}),
            "/data",
            Some(("/meta/pagination/total", 9)),
        ),
        (json!({"response": {"numFound": 9, "docs": []}}), "/response/docs", Some(("/response/numFound", 9))),
        (json!({"@odata.count": 9, "value": []}), "/value", Some(("/@odata.count", 9))),
        (json!({"hits": {"total": {"value": 9}, "hits": []}}), "/hits/hits", Some(("/hits/total/value", 9))),
        (json!({"total": "9", "items": []}), "/items", Some(("/total", 9))),
        (json!({"usage": {"total": 9}, "items": []}), "/items", None),
        (json!({"stats": {"totalCount": 9}, "items": []}), "/items", Some(("/stats/totalCount", 9))),
        (json!({"result": {"total": 9, "records": []}}), "/result/records", Some(("/result/total", 9))),
        (json!({"result": {"count": 9, "results": []}}), "/result/results", Some(("/result/count", 9))),
        (json!({"found": 9, "out_of": 50, "hits": []}), "/hits", Some(("/found", 9))),
        (json!({"hitCount": 9, "resultList": {"result": []}}), "/resultList/result", Some(("/hitCount", 9))),
        (json!({"total": 1, "items": []}), "/items", None),
        (json!({"total_pages": 9, "items": []}), "/items", None),
        (json!({"pages": {"total": 9}, "items": []}), "/items", None),
    ] {
        let found = json_of(&body);
        let found = find_total(&leaves(&found, list), list, 2, false);
        let found = found.as_ref().map(|guess| (guess.pointer.as_str(), guess.value));
        assert_eq!(found, expected, "{body}");
    }
    let body = json_of(&json!({"count": 2, "next_cursor": "c", "items": []}));
    assert_eq!(find_total(&leaves(&body, "/items"), "/items", 2, true), None, "the items of the page");
    // Where more pages follow, the number of items on the page is its size: a higher one counts all items.
    for (body, has_next, expected) in [
        (json!({"size": 9, "items": []}), true, Some("/size")),
        (json!({"size": 9, "items": []}), false, None),
        (json!({"size": 2, "items": []}), true, None),
        (json!({"records": 9, "page_size": 20, "items": []}), true, Some("/records")),
        (json!({"max_results": 9, "items": []}), true, None),
        (json!({"results_per_page": 9, "items": []}), true, None),
        (json!({"other": {"size": 9}, "items": []}), true, None),
    ] {
        let found = json_of(&body);
        let found = find_total(&leaves(&found, "/items"), "/items", 2, has_next);
        assert_eq!(found.map(|guess| guess.pointer).as_deref(), expected, "{body}");
    }
}

#[test]
fn the_next_page_is_known_by_its_name_and_value() {
    let token = |text: &str| NextValue::Token(text.to_owned());
    let link = || NextValue::Link(Url::parse("https://h/m?p=2").expect("a URL"));
    for (body, list, expected) in [
        (json!({"next": "https://h/m?p=2", "previous": null}), "/results", Some(("/next", link()))),
        (
            json!({"links": {"next": "https://h/m?p=2", "last": "https://h/m?p=9"}}),
            "/data",
            Some(("/links/next", link())),
        ),
        (
            json!({"_links": {"next": {"href": "https://h/m?p=2"}}}),
            "/data",
            Some(("/_links/next/href", link())),
        ),
        (json!({"@odata.nextLink": "https://h/m?p=2"}), "/value", Some(("/@odata.nextLink", link()))),
        (
            json!({"info": {"next": "https://h/m?p=2", "prev": null}}),
            "/results",
            Some(("/info/next", link())),
        ),
        (
            json!({"paging": {"cursors": {"after": "Yw==", "before": "YQ=="}}}),
            "/data",
            Some(("/paging/cursors/after", token("Yw=="))),
        ),
        (
            json!({"paging": {"next": {"after": "20", "link": "https://h/m?p=2"}}}),
            "/results",
            Some(("/paging/next/link", link())),
        ),
        (
            json!({"response_metadata": {"next_cursor": "dXNlcg"}}),
            "/members",
            Some(("/response_metadata/next_cursor", token("dXNlcg"))),
        ),
        (json!({"nextPageToken": "CAUQAA"}), "/items", Some(("/nextPageToken", token("CAUQAA")))),
        (
            json!({"after_cursor": "MTU", "after_url": "https://h/m?p=2", "before_url": "https://h/m?p=1"}),
            "/tickets",
            Some(("/after_url", link())),
        ),
        (json!({"previous_and_next": "https://h/m?p=2"}), "/items", None),
        (json!({"afterLink": "https://h/m?p=2"}), "/items", Some(("/afterLink", link()))),
        (json!({"next": "/m?page=2"}), "/items", Some(("/next", NextValue::Relative("/m?page=2".into())))),
        (json!({"next_page": 2, "offset": 0}), "/items", Some(("/next_page", NextValue::Number(2)))),
        (json!({"offset": "itrX/recY"}), "/records", Some(("/offset", token("itrX/recY")))),
        (json!({"metadata": {"continue": "eyJ2"}}), "/items", Some(("/metadata/continue", token("eyJ2")))),
        (json!({"pagination": {"cursor": "YWJj"}}), "/data", Some(("/pagination/cursor", token("YWJj")))),
        (json!({"next_page": {"offset": "eyJ0"}}), "/data", Some(("/next_page/offset", token("eyJ0")))),
        (
            json!({"continue": {"apcontinue": "T0010", "continue": "-||"}}),
            "/query/allpages",
            Some(("/continue/apcontinue", token("T0010"))),
        ),
        (
            json!({"continue": {"sroffset": 10, "continue": "-||"}}),
            "/query/search",
            Some(("/continue/sroffset", NextValue::Number(10))),
        ),
        (json!({"continue": {"remaining": 10}}), "/items", None),
        (
            json!({"meta": {"after_cursor": "c"}, "links": {"next": "https://h/m?p=2"}}),
            "/data",
            Some(("/links/next", link())),
        ),
        (
            json!({"links": [{"rel": "self", "href": "/m"}, {"rel": "next", "href": "https://h/m?p=2"}]}),
            "/items",
            Some(("/links/next/href", link())),
        ),
        (
            json!({"link": [{"relation": "next", "url": "https://h/m?p=2"}]}),
            "/entry",
            Some(("/link/next/url", link())),
        ),
        (json!({"link": [{"relation": "previous", "url": "https://h/m?p=2"}]}), "/entry", None),
        (
            json!({"pages": {"next": {"page": 2, "scroll_id": "WzE2"}, "page": 1}}),
            "/data",
            Some(("/pages/next/scroll_id", token("WzE2"))),
        ),
        (json!({"next": null}), "/items", Some(("/next", NextValue::Empty))),
        (json!({"offset": 20, "cursor": null}), "/items", None),
        (json!({"user": {"next": "x"}}), "/items", None),
    ] {
        let found = json_of(&body);
        let found = find_next(&leaves(&found, list), list);
        let found = found.as_ref().map(|guess| (guess.pointer.as_str(), guess.value.clone()));
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn a_cursor_beside_a_flag_leaves_it_to_the_flag() {
    for (body, expected) in [
        (json!({"meta": {"has_more": false, "after_cursor": "c"}}), false),
        (json!({"meta": {"has_more": true, "after_cursor": "c"}}), true),
        (json!({"meta": {"after_cursor": "c"}}), true),
        (json!({"has_more": false, "next": "https://h/m?p=2"}), true),
        (json!({"has_more": false, "next": null}), false),
        (json!({"continue": {"apcontinue": "T0010", "continue": "-||"}}), true),
        (json!({"have_more_results": true}), true),
        (json!({"meta": {"hasNextPages": true}}), true),
        (json!({"has_next_of_kin": true, "has_more_than_one_author": true}), false),
        (json!({"links": [{"rel": "next", "href": "/m?page=2"}]}), true),
        (json!({"items": []}), false),
    ] {
        let found = json_of(&body);
        assert_eq!(states_more(&leaves(&found, "/data"), "/data"), expected, "{body}");
    }
}
