use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "interactions")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: Uuid,
    pub(in crate::store) kind: String,
    pub(in crate::store) document_id: Uuid,
    pub(in crate::store) quantity: i64,
    pub(in crate::store) session_id: Option<String>,
    pub(in crate::store) user_id: Option<String>,
    pub(in crate::store) search_id: Option<Uuid>,
    pub(in crate::store) query_digest: Option<i64>,
    pub(in crate::store) occurred_at: DateTimeWithTimeZone,
    pub(in crate::store) search_clicked_at: Option<DateTimeWithTimeZone>,
    pub(in crate::store) recorded_at: DateTimeWithTimeZone,
    pub(in crate::store) call_id: Uuid,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
