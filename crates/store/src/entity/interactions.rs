use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "interactions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) document_id: Uuid,
    pub(crate) quantity: i64,
    pub(crate) session_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) search_id: Option<Uuid>,
    pub(crate) query_digest: Option<i64>,
    pub(crate) position: Option<i32>,
    pub(crate) occurred_at: DateTimeWithTimeZone,
    pub(crate) search_clicked_at: Option<DateTimeWithTimeZone>,
    pub(crate) recorded_at: DateTimeWithTimeZone,
    pub(crate) call_id: Uuid,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
