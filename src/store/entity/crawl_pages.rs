use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "crawl_pages")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) crawl_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) position: i64,
    pub(in crate::store) sweep: i32,
    pub(in crate::store) attempts: i32,
    pub(in crate::store) status: Option<i32>,
    pub(in crate::store) documents: i32,
    pub(in crate::store) hash: Option<String>,
    pub(in crate::store) failures: String,
    pub(in crate::store) fetched_at: DateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
