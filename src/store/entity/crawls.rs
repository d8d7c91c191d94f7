use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "crawls")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key)]
    pub(in crate::store) id: i64,
    pub(in crate::store) source: String,
    pub(in crate::store) state: String,
    pub(in crate::store) started_at: DateTimeWithTimeZone,
    pub(in crate::store) finished_at: Option<DateTimeWithTimeZone>,
    pub(in crate::store) pages_fetched: i64,
    pub(in crate::store) attempts: i64,
    pub(in crate::store) documents_seen: i64,
    pub(in crate::store) inserted: i64,
    pub(in crate::store) updated: i64,
    pub(in crate::store) unchanged: i64,
    pub(in crate::store) deleted: i64,
    pub(in crate::store) rejected: i64,
    pub(in crate::store) expected_total: Option<i64>,
    pub(in crate::store) error: Option<String>,
    pub(in crate::store) allow_shrink: bool,
    pub(in crate::store) cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
