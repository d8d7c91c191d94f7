use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "search_query_days")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) query_key: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) day: DateTimeWithTimeZone,
    pub(crate) searches: i64,
    pub(crate) zero_results: i64,
    pub(crate) unmatched: i64,
    pub(crate) counted: i64,
    pub(crate) results: i64,
    pub(crate) sessions: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
